#pragma once
#include <cstdint>
#include <span>

namespace fovea {

// Whether the coded data of a JPEG's first scan lasts to its last block. libjpeg paints missing blocks gray
// without an error, so the file's end marker alone proves nothing. Walks the Huffman codes, which costs half
// a decode: ask only when the picture gives reason. True also for what is not walked: progressive, arithmetic
// and multi-scan files.
bool jpeg_scan_complete(std::span<const uint8_t> bytes);

}  // namespace fovea
