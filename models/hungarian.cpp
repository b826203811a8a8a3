#include "models/hungarian.h"

#include <cmath>
#include <limits>

#include "attention/base/error.h"

namespace fovea {
namespace {

// At most as many rows as columns. What a row gives for column c is cost - price[c]; no column that was never
// assigned has a price other than 0, which is what makes the rectangular case optimal.
class Assignment {
 public:
  Assignment(const float* cost, int64_t rows, int64_t columns)
      : cost_(cost),
        rows_(rows),
        columns_(columns),
        price_(columns, 0),
        column_of_(rows, -1),
        row_of_(columns, -1) {}

  const std::vector<int64_t>& solve() {
    std::vector<int64_t> free(rows_);
    for (int64_t r = 0; r < rows_; ++r) free[r] = r;
    for (int pass = 0; pass < 2 && !free.empty(); ++pass) free = bid(free);
    distance_.resize(columns_);
    from_.resize(columns_);
    for (int64_t row : free) augment(row);
    return column_of_;
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  struct Offers {
    double best = kInfinity, second = kInfinity;
    int64_t column = -1, next = -1;  // of the two
  };

  Offers offers(int64_t row) const {
    const float* const cost = cost_ + row * columns_;
    Offers o;
    for (int64_t c = 0; c < columns_; ++c) {
      const double offer = cost[c] - price_[c];
      if (offer >= o.second) continue;
      if (offer < o.best) {
        o.second = o.best, o.next = o.column;
        o.best = offer, o.column = c;
      } else {
        o.second = offer, o.next = c;
      }
    }
    return o;
  }

  // Jonker and Volgenant's reduction by rows: each takes its best column and lowers its price until the
  // second best is as good; the row that had it seeks again. -> the rows that are left.
  std::vector<int64_t> bid(const std::vector<int64_t>& rows) {
    std::vector<int64_t> left;
    int64_t steps = 4 * rows_;  // prices may creep where costs differ by much; the paths below do not care
    for (int64_t row : rows) {
      while (row >= 0) {
        const Offers o = offers(row);
        if (steps-- <= 0 || o.next < 0 || o.second == kInfinity) {
          left.push_back(row);
          break;
        }
        const double lowered = price_[o.column] - (o.second - o.best);
        const bool cheaper = lowered < price_[o.column];
        const int64_t column = cheaper || row_of_[o.column] < 0 ? o.column : o.next;
        if (cheaper) price_[o.column] = lowered;
        const int64_t former = row_of_[column];
        if (former >= 0) column_of_[former] = -1;
        row_of_[column] = row;
        column_of_[row] = column;
        row = former;
        if (former >= 0 && !cheaper) {
          left.push_back(former);
          row = -1;
        }
      }
    }
    return left;
  }

  // The cheapest way to a column that no row has, and the prices that keep all reduced costs at 0 or more.
  void augment(int64_t start) {
    todo_.resize(columns_);
    for (int64_t c = 0; c < columns_; ++c) {
      todo_[c] = c;
      distance_[c] = kInfinity;
    }
    done_.clear();
    int64_t row = start, sink = -1;
    double reached = 0;
    while (sink < 0) {
      const int64_t at = relax(row, reached);
      reached = at < 0 ? kInfinity : distance_[todo_[at]];
      if (reached == kInfinity)
        fail("hungarian: only infinite costs are left, and not all of ", rows_, " are matched");
      const int64_t column = todo_[at];
      todo_[at] = todo_.back();
      todo_.pop_back();
      if (row_of_[column] < 0) {
        sink = column;
      } else {
        done_.push_back(column);
        row = row_of_[column];
      }
    }
    for (int64_t c : done_) price_[c] += distance_[c] - reached;
    flip(start, sink);
  }

  // Offers of `row` to the columns still to do -> the place in todo_ of the nearest, a free one among equals.
  int64_t relax(int64_t row, double reached) {
    const float* const cost = cost_ + row * columns_;
    const int64_t own = column_of_[row];
    const double slack = own < 0 ? reached : reached - (cost[own] - price_[own]);
    double least = kInfinity;
    int64_t at = -1;
    for (size_t i = 0; i < todo_.size(); ++i) {
      const int64_t c = todo_[i];
      const double d = cost[c] - price_[c] + slack;
      if (d < distance_[c]) {
        distance_[c] = d;
        from_[c] = row;
      }
      if (distance_[c] < least || (distance_[c] == least && row_of_[c] < 0)) {
        least = distance_[c];
        at = static_cast<int64_t>(i);
      }
    }
    return at;
  }

  void flip(int64_t start, int64_t column) {
    for (int64_t row = -1; row != start;) {
      row = from_[column];
      row_of_[column] = row;
      std::swap(column_of_[row], column);
    }
  }

  const float* const cost_;
  const int64_t rows_, columns_;
  std::vector<double> price_;
  std::vector<int64_t> column_of_, row_of_;
  std::vector<double> distance_;      // of the columns from the row that seeks
  std::vector<int64_t> from_;         // the row before each column on its way
  std::vector<int64_t> todo_, done_;  // columns whose distance is not yet final, and those that rows have
};

}  // namespace

std::vector<int64_t> hungarian(std::span<const float> cost, int64_t rows, int64_t columns) {
  if (rows < 0 || columns < 0 || static_cast<int64_t>(cost.size()) != rows * columns)
    fail("hungarian: ", cost.size(), " costs for ", rows, " x ", columns);
  for (size_t i = 0; i < cost.size(); ++i)
    if (!(cost[i] > -std::numeric_limits<float>::infinity()))
      fail("hungarian: the cost of row ", i / columns, ", column ", i % columns, " is ", cost[i]);
  if (cost.empty()) return std::vector<int64_t>(rows, -1);
  if (rows <= columns) return Assignment(cost.data(), rows, columns).solve();

  std::vector<float> turned(cost.size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) turned[c * rows + r] = cost[r * columns + c];
  const std::vector<int64_t> row_of = Assignment(turned.data(), columns, rows).solve();
  std::vector<int64_t> column_of(rows, -1);
  for (int64_t c = 0; c < columns; ++c) column_of[row_of[c]] = c;
  return column_of;
}

}  // namespace fovea
