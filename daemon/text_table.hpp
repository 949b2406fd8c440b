#pragma once

#include <string>
#include <vector>

namespace octroi {

/// Rows of cells in aligned columns, a line a row, two blanks between columns. Rows may have
/// different lengths; the last cell of a row is not padded.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace octroi
