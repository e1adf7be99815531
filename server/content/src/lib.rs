//! A document's content in the forms that people and programs read and write.
