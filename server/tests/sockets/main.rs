//! Whole servers in this process, and bare clients that speak raw frames to them.

mod erased;
mod history;
mod hocuspocus;
mod limits;
mod pages;
mod support;
mod trouble;
mod y_websocket;
