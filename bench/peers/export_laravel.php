<?php
// SPDX-License-Identifier: BSL-1.0
// export_laravel.php DB: the table `ledger` as CSV by Laravel's query builder, chunkById(5000), and
// fputcsv: what a Laravel application does. Illuminate is Debian's php-illuminate-database.
error_reporting(E_ALL & ~E_DEPRECATED);
require __DIR__ . '/figures.php';
require 'Illuminate/Database/autoload.php';

$capsule = new Illuminate\Database\Capsule\Manager();
$capsule->addConnection(['driver' => 'sqlite', 'database' => $argv[1], 'prefix' => '']);
$out = fopen('php://stdout', 'w');
$figures = new Figures();
fputcsv($out, ['id', 'account', 'amount', 'currency', 'status', 'description', 'created_at'], ',', '"', '');
$capsule->getConnection()->table('ledger')->chunkById(5000, function ($rows) use ($out, $figures) {
    foreach ($rows as $row) {
        fputcsv($out, (array) $row, ',', '"', '');
    }
    $figures->chunkDone(count($rows));
});
$figures->print();
