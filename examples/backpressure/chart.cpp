// SPDX-License-Identifier: BSL-1.0
#include "chart.hpp"

#include "report.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <span>

namespace backpressure {

namespace {

// In pixels.
constexpr double plot_width = 400, plot_height = 90, left = 56, top = 64;
constexpr double column = plot_width + 70, plot_row = plot_height + 44;

struct line {
  double point::*value;
  const char* colour;
  const char* name;
};

// Colours that remain apart for the colour-blind (Okabe and Ito).
constexpr std::array load_lines{
    line{&point::offered, "#8a8a8a", "calls offered a second"},
    line{&point::answered, "#0072b2", "answered"}};
constexpr std::array attempt_lines{
    line{&point::reached, "#009e73", "attempts at the partner a second"},
    line{&point::throttled, "#d55e00", "answered with 429"}};
constexpr std::array p95_lines{line{&point::p95_ms, "#aa4499", "p95 of the answered, ms"}};
constexpr std::array<std::span<const line>, 3> plots{load_lines, attempt_lines, p95_lines};

struct place {
  double x, y;
};

/// The largest value of the lines in these runs, rounded up to 1, 2 or 5 times a power of ten.
double scale_of(std::span<const run_result> runs, std::span<const line> lines) {
  double most = 1;
  for (const auto& r : runs) {
    for (const auto& p : r.curve) {
      for (const auto& l : lines) most = std::max(most, p.*l.value);
    }
  }
  const double power = std::pow(10, std::floor(std::log10(most)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (most <= step * power) return step * power;
  }
  return 10 * power;
}

void draw_text(std::string& svg, place at, const char* style, const char* text) {
  append(svg, R"(<text x="%.1f" y="%.1f" %s>%s</text>)", at.x, at.y, style, text);
  svg += '\n';
}

void draw_frame(std::string& svg, place at, double most) {
  for (const double share : {0.0, 0.5, 1.0}) {
    const double y = at.y + plot_height * (1 - share);
    append(svg, R"(<path d="M%.1f %.1fh%.1f" stroke="#dddddd" fill="none"/>)", at.x, y, plot_width);
    std::string label;
    append(label, "%g", most * share);
    draw_text(svg, {at.x - 6, y + 4}, R"(text-anchor="end")", label.c_str());
  }
}

/// A line that is broken where there is no value.
void draw_line(std::string& svg, place at, const run_result& r, const line& l, double most) {
  std::string path;
  bool down = false;
  const double step = plot_width / static_cast<double>(r.curve.size());
  for (std::size_t i = 0; i < r.curve.size(); ++i) {
    const double value = r.curve[i].*l.value;
    if (std::isnan(value)) {
      down = false;
      continue;
    }
    const double x = at.x + step * (static_cast<double>(i) + 0.5);
    // With `h0` a point that stands alone is a dot.
    append(path, down ? "L%.1f %.1f" : "M%.1f %.1fh0", x, at.y + plot_height * (1 - value / most));
    down = true;
  }
  append(
      svg, R"(<path stroke="%s" stroke-width="2" stroke-linecap="round" fill="none" d=")", l.colour
  );
  svg.append(path).append("\"/>\n");
}

void draw_plot(
    std::string& svg, place at, const run_result& r, std::span<const line> lines, double most
) {
  append(
      svg,
      R"(<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#f4ecd8"/>)",
      at.x + plot_width / 3,
      at.y,
      plot_width / 3,
      plot_height
  );
  draw_frame(svg, at, most);
  double x = at.x;
  for (const auto& l : lines) {
    std::string style;
    append(style, R"(fill="%s" font-weight="600")", l.colour);
    draw_text(svg, {x, at.y - 8}, style.c_str(), l.name);
    draw_line(svg, at, r, l, most);
    x += 255;
  }
}

void draw_times(std::string& svg, place at, const run_result& r) {
  const double length = std::chrono::duration<double>(r.plan.length).count();
  for (int third = 0; third <= 3; ++third) {
    std::string label;
    append(label, "%.1f s", length * third / 3);
    draw_text(svg, {at.x + plot_width * third / 3, at.y}, R"(text-anchor="middle")", label.c_str());
  }
}

void draw_scenario(std::string& svg, double y, std::span<const run_result> runs) {
  double x = left;
  for (const auto& r : runs) {
    const std::string title = std::string(to_string(r.plan.what))
                                  .append(", ")
                                  .append(to_string(r.plan.how))
                                  .append(" the rules");
    draw_text(svg, {x, y - 30}, R"(font-size="16" font-weight="700")", title.c_str());
    for (std::size_t i = 0; i < plots.size(); ++i) {
      const place at{x, y + plot_row * static_cast<double>(i)};
      draw_plot(svg, at, r, plots[i], scale_of(runs, plots[i]));
    }
    draw_times(svg, {x, y + plot_row * 2 + plot_height + 18}, r);
    x += column;
  }
}

}  // namespace

std::string as_svg(const std::vector<run_result>& runs) {
  constexpr double scenario_row = plot_row * 3 + 64;
  const std::span all(runs);
  const std::size_t rows = (runs.size() + 1) / 2;
  const double width = left + 2 * column, height = 24 + scenario_row * static_cast<double>(rows);
  std::string svg;
  append(
      svg,
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" )"
      R"(viewBox="0 0 %.0f %.0f" font-family="system-ui, sans-serif" font-size="12" fill="#333333">)",
      width,
      height,
      width,
      height
  );
  svg +=
      "\n<title>A spike and an outage, without the rules and with them</title>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = all.subspan(2 * i, std::min<std::size_t>(2, runs.size() - 2 * i));
    draw_scenario(svg, top + scenario_row * static_cast<double>(i), row);
  }
  return svg + "</svg>\n";
}

}  // namespace backpressure
