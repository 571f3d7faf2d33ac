// SPDX-License-Identifier: BSL-1.0
#include <scalekit/csv/sniffer.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace scalekit;
using csv::seen_line_ends;
using csv::text_encoding;

namespace {

struct expected {
  const char* what;
  std::string sample;
  char delimiter = ',';
  std::optional<char> quote = '"';
  std::optional<char> escape = {};
  std::optional<char> comment = {};
  csv::header header = csv::header::present;
};

std::string utf16(std::string_view text, bool little) {
  std::string out;
  for (const char c : text) {
    if (!little) out += '\0';
    out += c;
    if (little) out += '\0';
  }
  return out;
}

std::string repeated(std::string_view line, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += line;
  return out;
}

void check_sane(const csv::finding& f) {
  CHECK(f.confidence >= 0);
  CHECK(f.confidence <= 1);
  CHECK_FALSE(f.reason.empty());
}

void check_sane(const csv::proposal& p) {
  for (const csv::finding& f :
       {p.delimiter, p.quote, p.escape, p.comment, p.header, p.encoding, p.line_end}) {
    check_sane(f);
  }
}

}  // namespace

TEST_CASE("dialects") {
  const std::vector<expected> table = {
      {.what = "RFC 4180", .sample = "id,name\r\n1,Ada\r\n2,Grace\r\n"},
      {.what = "TAB", .sample = "id\tname\n1\tAda\n2\tGrace Hopper\n", .delimiter = '\t'},
      {.what = "pipe", .sample = "id|name|at\n1|a|2024-05-06\n2|b|2024-05-07\n", .delimiter = '|'},
      {.what = "colon",
       .sample = "root:x:0:root\nbin:x:2:bin\nsync:x:4:sync\n",
       .delimiter = ':',
       .header = csv::header::absent},
      {.what = "semicolon and decimal commas",
       .sample = "name;price\nTee;1,50\nKaffee;2,75\nWasser;1.234,00\n",
       .delimiter = ';'},
      {.what = "decimal commas in every column",
       .sample = "1,5;2,5;3,5\n4,25;5,5;6,75\n7,0;8,5;9,5\n",
       .delimiter = ';',
       .header = csv::header::absent},
      {.what = "times hold colons", .sample = "at,n\n12:30:45,1\n12:31:00,2\n12:32:15,3\n"},
      {.what = "quoted delimiters",
       .sample = "name,note\n\"Müller, Jane\",\"a, b, c\"\n\"Doe, John\",\"d; e; f\"\n"},
      {.what = "quoted delimiters of another kind",
       .sample = "name;note\n\"a,b\";\"c,d\"\n\"e,f\";\"g,h\"\n",
       .delimiter = ';'},
      {.what = "quoted line ends",
       .sample = "id,note\n1,\"line one\nline two, and more\n\"\n2,\"another\none\"\n"},
      {.what = "doubled quotes",
       .sample = "id,said\n1,\"he said \"\"no\"\", then\"\n2,\"\"\"x\"\"\"\n"},
      {.what = "apostrophes as quotes",
       .sample = "id,name\n1,'Doe, John'\n2,'Roe, Jane'\n3,'Poe, E.'\n",
       .quote = '\''},
      {.what = "apostrophes in words", .sample = "id,note\n1,don't\n2,it's, no\n3,can't\n"},
      {.what = "backslashes before quotes",
       .sample = "id,said\n1,\"he said \\\"no\\\", then\"\n2,\"\\\"x\\\", y\"\n3,z\n",
       .escape = '\\'},
      {.what = "paths hold backslashes", .sample = "id,path\n1,\"C:\\a\\b\"\n2,\"C:\\c\"\n"},
      {.what = "comments",
       .sample = "# made by hand, on a Monday, again\nid,name\n1,Ada\n# half\n2,Grace\n",
       .comment = '#'},
      {.what = "a header in disguise", .sample = "#id,name\n1,Ada\n2,Grace\n3,Edsger\n"},
      {.what = "no header",
       .sample = "1,2024-05-06,Ada\n2,2024-05-07,Grace\n3,2024-05-08,Ada\n",
       .header = csv::header::absent},
      {.what = "words only, the first ones again below",
       .sample = "EUR,paid\nUSD,open\nEUR,open\nCHF,paid\nEUR,paid\n",
       .header = csv::header::absent},
      {.what = "blank lines and a missing end", .sample = "\nid,n\n\n1,2\n\n3,4\n5,"},
      {.what = "currencies and percents",
       .sample = "item;price;share\na;$1,200.50;12%\nb;\xe2\x82\xac 3.50;-1.5 %\nc;7;0%\n",
       .delimiter = ';'},
      {.what = "addresses",
       .sample = "n,url\n1,https://a.example/x?y=1;z=2\n2,http://b.example/\n"},
      {.what = "CR only", .sample = "id,n\r1,2\r3,4\r"},
  };
  for (const expected& e : table) {
    CAPTURE(e.what);
    const csv::proposal p = csv::sniff(e.sample);
    CAPTURE(p.delimiter.reason);
    CHECK(p.options.delimiter == e.delimiter);
    CHECK(p.options.quote == e.quote);
    CHECK(p.options.escape == e.escape);
    CHECK(p.options.comment == e.comment);
    CHECK(p.options.header == e.header);
    CHECK(p.delimiter.confidence > 0.3);
    check_sane(p);
  }
}

TEST_CASE("one column is no delimiter's doing, and is said to be doubtful") {
  for (const char* sample : {"name\nAda\nGrace\n", "1\n2\n3\n", "x", "a sentence of words\n"}) {
    CAPTURE(sample);
    const csv::proposal p = csv::sniff(sample);
    CHECK(p.options.delimiter == ',');
    CHECK(p.delimiter.confidence < 0.3);
    check_sane(p);
  }
  CHECK(csv::sniff("n\n1\n2\n").options.header == csv::header::present);
}

TEST_CASE("one record says little") {
  const csv::proposal p = csv::sniff("a;b;c;d");
  CHECK(p.options.delimiter == ';');
  CHECK(p.delimiter.confidence <= 0.5);
  CHECK(p.header.confidence <= 0.2);
}

TEST_CASE("nothing, blank lines, comments only, and what is not text") {
  std::mt19937 random(11);
  std::string junk(5000, '\0');
  for (char& c : junk) c = static_cast<char>(random());
  for (const std::string& sample : {std::string(), std::string("\xef\xbb\xbf"), junk}) {
    const csv::proposal p = csv::sniff(sample);
    CHECK(p.delimiter.confidence == 0);
    CHECK(p.encoding.confidence == 0);
    CHECK(p.options.delimiter == ',');
    CHECK(p.options.header == csv::header::present);
    check_sane(p);
  }
  CHECK(csv::sniff("").delimiter.reason == "the sample is empty");
  CHECK(csv::sniff(junk).delimiter.reason == "the sample is not text");
  for (const char* sample : {"\n\n\n", "# a\n# b\n", "\"", "\"never closed\n1,2\n", "\\", "\r"}) {
    CAPTURE(sample);
    check_sane(csv::sniff(sample));
  }
}

TEST_CASE("encodings") {
  const std::string rows = "id;name\n" + repeated("1;Ada\n", 20);
  struct one {
    std::string sample;
    text_encoding encoding;
    double at_least;
  };
  const std::vector<one> table = {
      {rows, text_encoding::utf8, 0.8},
      {rows + "2;M\xc3\xbcller\n", text_encoding::utf8, 0.9},
      {rows + "2;M\xfcller\n", text_encoding::latin1, 0.6},
      {rows + "2;M\xc3", text_encoding::utf8, 0.9},  // cut in a character
      {"\xef\xbb\xbf" + rows, text_encoding::detect, 1},
      {"\xff\xfe" + utf16(rows, true), text_encoding::detect, 1},
      {"\xfe\xff" + utf16(rows, false), text_encoding::detect, 1},
      {utf16(rows, true), text_encoding::utf16le, 0.9},
      {utf16(rows, false), text_encoding::utf16be, 0.9},
  };
  for (const one& e : table) {
    CAPTURE(e.sample);
    const csv::proposal p = csv::sniff(e.sample);
    CHECK(p.options.encoding == e.encoding);
    CHECK(p.encoding.confidence >= e.at_least);
    CHECK(p.options.delimiter == ';');
    CHECK(p.options.header == csv::header::present);
    check_sane(p);
  }
}

TEST_CASE("line ends") {
  CHECK(csv::sniff("a,b\n1,2\n").line_ends == seen_line_ends::lf);
  CHECK(csv::sniff("a,b\r\n1,2\r\n").line_ends == seen_line_ends::crlf);
  CHECK(csv::sniff("a,b\r1,2\r").line_ends == seen_line_ends::cr);
  CHECK(csv::sniff("a,b\r\n1,2\n").line_ends == seen_line_ends::mixed);
  CHECK(csv::sniff("a,b\r1,2\r").options.line_ends == csv::line_ends::any);
  CHECK(csv::sniff("a,b\r\n1,2\r\n").options.line_ends == csv::line_ends::lf);
  CHECK(csv::sniff("a,b").line_ends == seen_line_ends::none);
  const csv::proposal p = csv::sniff("a,b\r\n1,2\r\n3,4\n5,6\r\n");
  CHECK(p.line_end.confidence == doctest::Approx(0.75));
  CHECK(p.line_end.reason == "1 LF, 3 CRLF, 0 CR");
}

TEST_CASE("a record cut off by the end of the sample does not count") {
  std::string sample = "id,name,at\n";
  while (sample.size() < csv::sniffed_bytes + 1000) sample += "17,\"Doe, Jane\",2024-05-06\n";
  const csv::proposal p = csv::sniff(sample);
  CHECK(p.delimiter.reason.starts_with("2521 of 2521 records have 3 fields"));
  CHECK(p.options.header == csv::header::present);
}

TEST_CASE("ragged records cost confidence") {
  const std::string alike = repeated("1,2,3\n", 20);
  const csv::proposal regular = csv::sniff(alike);
  const csv::proposal ragged = csv::sniff(alike + repeated("1,2\n", 15));
  CHECK(ragged.options.delimiter == ',');
  CHECK(ragged.delimiter.confidence < regular.delimiter.confidence);
}

TEST_CASE("the same sample gives the same proposal, whatever it is") {
  constexpr std::string_view alphabet = "aB1 ,;\t|:\"'\\#\n\r.-\xc3\xa9";
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string sample(random() % 200, ' ');
    for (char& c : sample) c = alphabet[random() % alphabet.size()];
    CAPTURE(sample);
    const csv::proposal p = csv::sniff(sample);
    const csv::proposal again = csv::sniff(sample);
    CHECK(p.options.delimiter == again.options.delimiter);
    CHECK(p.delimiter.confidence == again.delimiter.confidence);
    CHECK(p.delimiter.reason == again.delimiter.reason);
    CHECK(p.header.reason == again.header.reason);
    check_sane(p);
  }
}
