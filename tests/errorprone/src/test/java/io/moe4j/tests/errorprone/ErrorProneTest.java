package io.moe4j.tests.errorprone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Error Prone finds nothing in this project's sources. All of main is read at once, and so are all tests, since its loading takes longer than most modules. */
final class ErrorProneTest {
    private static final Pattern ABSENT = Pattern
            .compile("(?m)^import (?:static )?(?:android|androidx|com\\.google\\.auto\\.value"
                    + "|com\\.google\\.common\\.flogger|com\\.google\\.common\\.truth|com\\.google\\.protobuf|dagger|io\\.reactivex"
                    + "|org\\.joda\\.time|org\\.mockito|org\\.robolectric)\\.");

    /** In main; with {@code -Pthorough} in tests too, which need the classes of main. */
    @Test
    void nothingIsFound(@TempDir Path mainClasses) throws IOException {
        Set<Path> main = SourceRoots.files("main");
        Set<Path> tests = SourceRoots.files("test");
        assertTrue(main.size() > 1000 && tests.size() > 300,
                main.size() + " files of main, " + tests.size() + " of tests");
        // As Thoroughness in tests/contract, which this module does not use: only a build that says so leaves something out.
        boolean thorough = !"false".equals(System.getProperty("moe4j.thorough"));
        assertNone(ErrorProne.findings(main, ErrorProne.checks("main.options"), List.of(),
                thorough ? Optional.of(mainClasses) : Optional.empty()));
        if (thorough) {
            assertNone(ErrorProne.findings(tests, ErrorProne.checks("test.options"), List.of(mainClasses),
                    Optional.empty()));
        }
    }

    @Test
    void whatIsPlantedIsFound(@TempDir Path folder) throws IOException {
        Path planted = Files.writeString(folder.resolve("Planted.java"), """
                package io.moe4j.planted;
                class Planted {
                    String name() { return null; }
                    int place(Thread.State state) { return state.ordinal(); }
                    boolean same(String text) { return text.equals(1); }
                }
                """);
        assertEquals(List.of("3 NullAway", "4 EnumOrdinal", "5 EqualsIncompatibleType"),
                named(planted, "main.options"));
        assertEquals(List.of("5 EqualsIncompatibleType"), named(planted, "test.options"));
    }

    /** absent.options switches the checks of these libraries off. */
    @Test
    void librariesWithoutChecksAreNotUsed() throws IOException {
        assertTrue(ABSENT.matcher("import static com.google.common.truth.Truth.assertThat;").find());
        Set<Path> all = new TreeSet<>(SourceRoots.files("main"));
        all.addAll(SourceRoots.files("test"));
        for (Path file : all) {
            if (!file.endsWith("ErrorProneTest.java")) {
                Matcher found = ABSENT.matcher(Files.readString(file));
                assertFalse(found.find(), () -> file + " has \"" + found.group()
                        + "\"; remove the checks of this library from tests/errorprone/absent.options");
            }
        }
    }

    @Test
    void everySourceFileIsRead() throws IOException {
        Set<Path> read = new TreeSet<>(SourceRoots.files("main"));
        read.addAll(SourceRoots.files("test"));
        Set<Path> missing = inSourceFolders();
        assertTrue(missing.size() >= read.size(), missing.size() + " in the tree, " + read.size() + " read");
        missing.removeAll(read);
        assertEquals(Set.of(), missing, "no module in pom.xml holds these files");
    }

    private static void assertNone(List<String> findings) {
        assertEquals("", String.join("\n", findings), findings.size() + " findings");
    }

    /** The line and the check of each finding, in the order of lines. */
    private static List<String> named(Path source, String options) throws IOException {
        return ErrorProne.findings(List.of(source), ErrorProne.checks(options), List.of(), Optional.empty()).stream()
                .map(finding -> finding.replaceFirst("(?s)^.*?java:(\\d+): .*?\\[(\\w+)] .*$", "$1 $2")).sorted()
                .toList();
    }

    /** All Java files of the tree below a folder src/main/java or src/test/java; examples/ are projects of their own. */
    private static Set<Path> inSourceFolders() throws IOException {
        Path project = SourceRoots.project();
        Set<Path> found = new TreeSet<>();
        Files.walkFileTree(project, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                String name = folder.getFileName().toString();
                if (folder.endsWith("src/main/java") || folder.endsWith("src/test/java")) {
                    found.addAll(SourceRoots.under(folder));
                }
                boolean skipped = name.equals("target") || name.equals("resources") || folder.endsWith("src/main/java")
                        || folder.endsWith("src/test/java")
                        || folder.equals(project.resolve("examples"))
                        || (name.startsWith(".") && !folder.equals(project));
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }
        });
        return found;
    }
}
