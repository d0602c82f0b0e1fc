package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Code that depends on an element type must use an exhaustive switch, or ask the type what it can do: a new type then leads to a list of compiler errors.
 * A comparison with one type would treat the new one like "the other one". Checking that a tensor has a required type by comparison is allowed.
 */
final class ElementTypesTest {
    private static final Pattern DECIDES = Pattern.compile(
            "[!=]=\\s*(DType\\.)?BF16\\b|==\\s*(DType\\.)?F32\\s*\\?|if \\([^)]*==\\s*DType\\.F32\\) \\{|(?<!\\w)132\\b");

    @Test
    void nothingInTheHouseComparesWithOneType() throws IOException {
        List<Path> sources = sources();
        assertTrue(sources.size() > 400, "only " + sources.size() + " main sources were seen");
        List<String> found = new ArrayList<>();
        for (Path source : sources) {
            found.addAll(decisions(source.getFileName().toString(), Files.readAllLines(source)));
        }
        assertEquals(List.of(), found);
    }

    @Test
    void whatIsPlantedIsFound() {
        List<String> planted = List.of("boolean narrow = type == DType.BF16;", "if (x.dtype() != BF16) {",
                "launch(type == DType.F32 ? A : B);", "if (dtype == DType.F32) {", "int blocks = 132 * 16;");
        assertEquals(planted.size(), decisions("Planted.java", planted).size());
        assertEquals(List.of(), decisions("Innocent.java", List.of("case BF16 -> 2;",
                "require(weights.dtype() == DType.F32 && weights.isContiguous(), what);",
                " * for example 132 on an H200",
                "int bytes = 1320;")));
    }

    private static List<String> decisions(String file, List<String> lines) {
        List<String> found = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.startsWith("*") && !line.startsWith("//") && !line.startsWith("/*")
                    && DECIDES.matcher(line).find()) {
                found.add(file + ":" + (i + 1) + ": " + line);
            }
        }
        return found;
    }

    /** The source files of all modules but tests and benchmarks. Classes are not read, because other modules may be built while this test runs. */
    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(SourceTree.root())) {
            for (Path module : modules.filter(each -> !each.endsWith("benchmarks")).toList()) {
                Path main = module.resolve("src/main/java");
                if (Files.isDirectory(main)) {
                    try (Stream<Path> files = Files.walk(main)) {
                        files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
                    }
                }
            }
        }
        return sources;
    }
}
