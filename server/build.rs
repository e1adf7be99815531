//! Builds again when the browser client was: its files become part of the binary.

fn main() {
    println!("cargo::rerun-if-changed=../wasm-client/js/element");
}
