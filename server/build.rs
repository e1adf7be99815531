//! Builds again when the browser client was: its files become part of the binary.

fn main() {
    for package in ["element", "app"] {
        let package = format!("../wasm-client/js/{package}");
        let built = format!("{package}/dist");
        // A path that is not there would build the server again each time.
        let is_built = std::fs::exists(&built).unwrap_or(false);
        let watched = if is_built { &built } else { &package };
        println!("cargo::rerun-if-changed={watched}");
    }
}
