// SPDX-License-Identifier: BSL-1.0
// csv_rust FILE: every cell of a CSV file by rust-csv (the core of xsv and qsv), unescaped.
use std::{env, error::Error, fs::File};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: csv_rust FILE")?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(256 * 1024)
        .from_reader(File::open(path)?);
    let mut record = csv::ByteRecord::new();
    let (mut records, mut fields, mut bytes) = (0u64, 0u64, 0u64);
    while reader.read_byte_record(&mut record)? {
        records += 1;
        fields += record.len() as u64;
        bytes += record.iter().map(|field| field.len() as u64).sum::<u64>();
    }
    eprintln!("{{\"records\": {records}, \"fields\": {fields}, \"bytes\": {bytes}}}");
    Ok(())
}
