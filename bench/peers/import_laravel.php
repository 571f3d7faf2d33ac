<?php
// SPDX-License-Identifier: BSL-1.0
// import_laravel.php DB FILE: the file into the table `payment` by fgetcsv, the checks one would
// write by hand, and Laravel's `upsert` of 1,000 rows in a transaction: what a Laravel application
// does. Illuminate is Debian's php-illuminate-database.
error_reporting(E_ALL & ~E_DEPRECATED);
require __DIR__ . '/figures.php';
require 'Illuminate/Database/autoload.php';

const BATCH_ROWS = 1000;
const STATUSES = ['settled' => 1, 'pending' => 1, 'failed' => 1, 'refunded' => 1, 'disputed' => 1];

function isGood(array $row): bool
{
    return count($row) === 7
        && preg_match('/^ACC-[0-9]{8}$/D', $row[1])
        && preg_match('/^[0-9]{1,12}\.[0-9]{2}$/D', $row[2])
        && preg_match('/^[A-Z]{3}$/D', $row[3])
        && isset(STATUSES[$row[4]])
        && mb_strlen($row[5]) <= 200
        && strtotime($row[6]) !== false;
}

[, $database, $path] = $argv;
$capsule = new Illuminate\Database\Capsule\Manager();
$capsule->addConnection(['driver' => 'sqlite', 'database' => $database, 'prefix' => '']);
$db = $capsule->getConnection();
$db->statement('PRAGMA synchronous = NORMAL');
$db->statement('PRAGMA cache_size = -' . ($argv[3] ?? 65536));
$db->statement('PRAGMA wal_autocheckpoint = ' . ($argv[4] ?? 1000));

$file = fopen($path, 'r');
$header = fgetcsv($file, 0, ',', '"', '');
$updated = array_slice($header, 1);
$figures = new Figures();
$bad = 0;
$batch = [];
$write = function () use ($db, $updated, &$batch, $figures) {
    $db->transaction(fn () => $db->table('payment')->upsert($batch, ['id'], $updated));
    $figures->chunkDone(count($batch));
    $batch = [];
};
while (($row = fgetcsv($file, 0, ',', '"', '')) !== false) {
    if (!isGood($row)) {
        ++$bad;
        continue;
    }
    $batch[] = array_combine($header, $row);
    if (count($batch) === BATCH_ROWS) {
        $write();
    }
}
if ($batch) {
    $write();
}
if ($bad) {
    fwrite(STDERR, "$bad bad rows\n");
    exit(1);
}
$figures->print();
