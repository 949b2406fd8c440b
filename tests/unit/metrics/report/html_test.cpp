#include "metrics/report/html.hpp"

#include <doctest/doctest.h>

using namespace octroi;

namespace {

std::string shown(std::string_view text) {
    Html html;
    html.text(text);
    return html.document();
}

}  // namespace

TEST_SUITE("HTML") {
    TEST_CASE("what means something to HTML is escaped") {
        CHECK(shown("<script>\"a\" & 'b'</script>") ==
              "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
        CHECK(shown("Ministère, zone 1\n") == "Ministère, zone 1\n");
        CHECK(shown("\xf0\x9f\x8f\x9b") == "\xf0\x9f\x8f\x9b");  // U+1F3DB
    }

    TEST_CASE("what HTML forbids, and what turns the text around, is replaced") {
        const std::string replaced =
            "a\xef\xbf\xbd"
            "b";
        for (const std::string_view character :
             {std::string_view("\0", 1), std::string_view("\x1b"), std::string_view("\x7f"),
              std::string_view("\xc2\x85"),           // U+0085
              std::string_view("\xe2\x80\xae"),       // U+202E, right-to-left override
              std::string_view("\xe2\x81\xa6"),       // U+2066, isolate
              std::string_view("\xef\xbf\xbf"),       // U+FFFF
              std::string_view("\xf0\x9f\xbf\xbe")})  // U+1FFFE
            CHECK(shown("a" + std::string(character) + "b") == replaced);
    }

    TEST_CASE("a character that is cut off is replaced") {
        CHECK(shown("a\xe2\x80") == "a\xef\xbf\xbd");
    }

    TEST_CASE("numbers are written for people") {
        CHECK(grouped(0) == "0");
        CHECK(grouped(999) == "999");
        CHECK(grouped(1000) == "1,000");
        CHECK(grouped(18446744073709551615U) == "18,446,744,073,709,551,615");
        CHECK(octets_text(1023) == "1023 B");
        CHECK(octets_text(1536) == "1.5 KiB");
        CHECK(octets_text(18446744073709551615U) == "16.0 EiB");
        CHECK(share_text(1, 8) == "12.5 %");
        CHECK(share_text(0, 0) == "-");
    }
}
