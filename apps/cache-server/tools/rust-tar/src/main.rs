//! Reads archives as Nx does: flate2 around Rust's tar crate. For each path on standard input, one
//! line comes back: `ok` or `error`, then each entry as type:path:link:size:mode:crc32, texts in hex.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};

use flate2::read::GzDecoder;
use flate2::Crc;
use tar::Archive;

fn main() -> io::Result<()> {
    let out = io::stdout();
    for path in io::stdin().lock().lines() {
        let mut entries = Vec::new();
        let verdict = match read(&path?, &mut entries) {
            Ok(()) => "ok",
            Err(_) => "error",
        };
        let mut out = out.lock();
        writeln!(out, "{} {}", verdict, entries.join(" "))?;
        out.flush()?;
    }
    Ok(())
}

fn read(path: &str, entries: &mut Vec<String>) -> io::Result<()> {
    let mut archive = Archive::new(GzDecoder::new(File::open(path)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type().as_byte();
        let name = hex(&entry.path_bytes());
        let link = entry.link_name_bytes().map(|bytes| hex(&bytes)).unwrap_or_default();
        let mode = entry.header().mode().unwrap_or(0);
        let mut content = Crc::new();
        let mut size = 0u64;
        let mut buffer = [0u8; 65536];
        loop {
            let count = entry.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            content.update(&buffer[..count]);
            size += count as u64;
        }
        entries.push(format!("{}:{}:{}:{}:{}:{}", kind, name, link, size, mode, content.sum()));
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}
