package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every exported type says since which version it exists. Class files have no javadoc, so this test reads the sources. */
final class SinceTest {
    private static final Pattern DECLARATION = Pattern
            .compile(
                    "(?m)^public (?:abstract |final |sealed |non-sealed )*(?:class|interface|record|enum|@interface) (\\w+)");
    private static final Pattern SINCE = Pattern.compile("\\* @since \\d+\\.\\d+\\.\\d+\\s");

    @Test
    void everyExportedTypeSaysSinceWhen() throws IOException {
        List<String> violations = new ArrayList<>();
        int seen = 0;
        for (House.BuiltModule module : House.read().modules()) {
            List<String> exported = module.descriptor().exports().stream().filter(export -> !export.isQualified())
                    .map(export -> export.source().replace('.', '/')).toList();
            Path sources = sources(module.name());
            for (String folder : exported) {
                for (Path file : javaFiles(sources.resolve(folder))) {
                    String text = Files.readString(file);
                    if (DECLARATION.matcher(text).find()) {
                        seen++;
                        violation(text).ifPresent(violations::add);
                    }
                }
            }
        }
        assertEquals("", String.join("\n", violations));
        int types = seen;
        assertTrue(types >= 150, () -> "saw only " + types + " exported types");
    }

    @Test
    void aTypeWithoutItIsCaught() {
        String declared = "import x.Y;\n\n/**\n * A type.\n *\n * @since 0.2.0\n */\n@Stability(Stability.Level.STABLE)\n"
                + "public final class Planted {\n";
        assertEquals(Optional.empty(), violation(declared));
        for (String without : List.of(declared.replace(" * @since 0.2.0\n", ""), declared.replace("0.2.0", "now"),
                "/** A. @since 0.2.0 */\nfinal class Other {}\n" + declared.replace(" * @since 0.2.0\n", ""))) {
            assertEquals(Optional.of("Planted is exported and has no @since; write the version that brings it, such as"
                    + " @since 0.2.0"), violation(without));
        }
    }

    private static Optional<String> violation(String text) {
        Matcher declaration = DECLARATION.matcher(text);
        if (!declaration.find()) {
            return Optional.empty();
        }
        int comment = text.lastIndexOf("/**", declaration.start());
        boolean says = comment >= 0 && SINCE.matcher(text.substring(comment, declaration.start())).find();
        return says ? Optional.empty()
                : Optional.of(declaration.group(1)
                        + " is exported and has no @since; write the version that brings it, such as @since 0.2.0");
    }

    private static List<Path> javaFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
        }
    }

    /** The source folder of a module, which has its descriptor. */
    private static Path sources(String module) throws IOException {
        for (Path file : HouseTest.descriptors()) {
            if (Files.readString(file).contains("module " + module + " {")) {
                return file.getParent();
            }
        }
        throw new IllegalStateException("no module-info.java declares " + module);
    }
}
