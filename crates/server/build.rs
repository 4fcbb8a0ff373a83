//! A new migration file alone would not rebuild the crate that embeds them all.
fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
