//! A document's content as files of office suites (DOCX, ODT), in and out. Pure.
