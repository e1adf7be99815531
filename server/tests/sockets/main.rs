//! Whole servers in this process, and bare clients that speak raw frames to them.

mod history;
mod hocuspocus;
mod pages;
mod support;
mod y_websocket;
