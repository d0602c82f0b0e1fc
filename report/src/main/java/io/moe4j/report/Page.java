package io.moe4j.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Combines page, style, script and data in one HTML file. */
final class Page {
    private static final String MARK = "<meta name=\"generator\" content=\"moe4j report\">";
    private static final int HEAD_BYTES = 2048;

    private Page() {}

    /**
     * The page.
     *
     * @param json the data that it shows
     * @param names of the runs, for the title
     */
    static String of(String json, List<String> names) {
        // Data last, so that placeholders within the data are not replaced.
        return resource("report.html").replace("<!--generator-->", MARK)
                .replace("/*style*/", resource("report.css")).replace("/*script*/", resource("report.js"))
                .replace("<!--title-->", escaped(title(names)))
                .replace("<!--data-->", inScript(json));
    }

    private static String title(List<String> names) {
        return names.size() == 1 ? names.getFirst() : names.size() + " runs";
    }

    static boolean isReport(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HEAD_BYTES), StandardCharsets.UTF_8).contains(MARK);
        }
    }

    /** JSON that can stand in a script element: nothing in it can end the element or begin a comment. */
    static String inScript(String json) {
        return json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
                .replace("\u2028", "\\u2028").replace("\u2029", "\\u2029");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    private static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is not packaged with moe4j-report");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
    }
}
