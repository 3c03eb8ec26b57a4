// The parts of a script that not everybody wants to hear (contents pages, publishers' boilerplate, footnotes), and its
// chapters.
#pragma once

#include "broker/text/document.h"

namespace lectern::text {

// Labels the blocks of contents pages and of Project Gutenberg's header and licence, where a reader has not done so,
// and takes title and author from that header when the document has none.
//   boilerplate   all before the line "*** START OF THE PROJECT GUTENBERG EBOOK ...", and from "*** END OF ..." on
//   contents      from a heading "Contents" to the first chapter's, when most of its lines come again as headings
void find_parts(Document& document);

// Takes out the blocks of the parts that are not read, with the reason.
void leave_out_parts(Document& document, const ReadingSettings& reading);

// Takes the title from the heading that is one, unless the document tells it otherwise.
void name_work(Document& document);
// Names the chapters after their headings, unless the document has named them itself.
void name_chapters(Document& document);

}  // namespace lectern::text
