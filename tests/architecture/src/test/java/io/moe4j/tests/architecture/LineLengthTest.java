package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No line of Java is longer than 160 characters; the formatter breaks code at 120 by itself, but neither comments nor texts. */
final class LineLengthTest {
    private static final int MOST = 160;

    @Test
    void noLineIsTooLong() throws IOException {
        Lines lines = Lines.of(SourceTree.root());
        assertEquals("", String.join("\n", lines.tooLong()));
        assertTrue(lines.files() > 500, "files looked at: " + lines.files());
    }

    @Test
    void aLineThatIsTooLongIsFound(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("Short.java"), "x".repeat(MOST) + "\n");
        Files.writeString(folder.resolve("Long.java"), "short\n" + "\u2265".repeat(MOST + 1) + "\n");
        Lines lines = Lines.of(folder);
        assertEquals(2, lines.files());
        assertEquals(List.of("Long.java:2 has 161 characters; break it at " + MOST), lines.tooLong());
    }

    /**
     * The result of a search.
     *
     * @param files how many files were read
     * @param tooLong the lines that are too long
     */
    private record Lines(int files, List<String> tooLong) {
        static Lines of(Path root) throws IOException {
            int[] files = new int[1];
            List<String> tooLong = new ArrayList<>();
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    String name = String.valueOf(directory.getFileName());
                    return !directory.equals(root) && (name.equals("target") || name.startsWith("."))
                            ? FileVisitResult.SKIP_SUBTREE
                            : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    if (file.toString().endsWith(".java")) {
                        files[0]++;
                        List<String> lines = Files.readAllLines(file);
                        for (int i = 0; i < lines.size(); i++) {
                            int length = lines.get(i).codePointCount(0, lines.get(i).length());
                            if (length > MOST) {
                                tooLong.add(root.relativize(file) + ":" + (i + 1) + " has " + length
                                        + " characters; break it at " + MOST);
                            }
                        }
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
            return new Lines(files[0], tooLong);
        }
    }
}
