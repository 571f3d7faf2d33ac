<?php
// SPDX-License-Identifier: BSL-1.0
// What every peer in PHP reports: one JSON line on standard error.

final class Figures
{
    private int $start;
    private int $last;
    private int $rows = 0;
    private array $chunkMs = [];

    public function __construct()
    {
        $this->start = $this->last = hrtime(true);
    }

    public function chunkDone(int $rows): void
    {
        $now = hrtime(true);
        $this->chunkMs[] = ($now - $this->last) / 1e6;
        $this->last = $now;
        $this->rows += $rows;
    }

    public function print(): void
    {
        $first = $this->chunkMs[0] ?? 0;
        $sorted = $this->chunkMs ?: [0];
        sort($sorted);
        $n = count($sorted);
        fwrite(STDERR, json_encode([
            'rows' => $this->rows,
            'wall_s' => (hrtime(true) - $this->start) / 1e9,
            'ttfb_ms' => $first,
            'chunk_ms' => [
                'p50' => $sorted[intdiv($n, 2)],
                'p95' => $sorted[intdiv($n * 95, 100)],
                'max' => $sorted[$n - 1],
            ],
        ]) . "\n");
    }
}
