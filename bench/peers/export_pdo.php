<?php
// SPDX-License-Identifier: BSL-1.0
// export_pdo.php DB: the table `ledger` as CSV by plain PDO, 5,000 rows a query, and fputcsv.
require __DIR__ . '/figures.php';

const PAGE_ROWS = 5000;

$db = new PDO('sqlite:' . $argv[1], null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$page = $db->prepare(
    'SELECT id, account, amount, currency, status, description, created_at FROM ledger
     WHERE id > ? ORDER BY id LIMIT ' . PAGE_ROWS
);
$out = fopen('php://stdout', 'w');
$figures = new Figures();
fputcsv($out, ['id', 'account', 'amount', 'currency', 'status', 'description', 'created_at'], ',', '"', '');
$last = 0;
do {
    $page->execute([$last]);
    $rows = $page->fetchAll(PDO::FETCH_NUM);
    foreach ($rows as $row) {
        fputcsv($out, $row, ',', '"', '');
        $last = $row[0];
    }
    $figures->chunkDone(count($rows));
} while (count($rows) === PAGE_ROWS);
$figures->print();
