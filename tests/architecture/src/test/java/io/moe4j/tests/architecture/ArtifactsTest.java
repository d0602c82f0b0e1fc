package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The BOM names every module that is published, in the version that is built. */
final class ArtifactsTest {
    private static final Pattern MODULE = Pattern.compile("<module>([\\w/-]+)</module>");
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>moe4j-([\\w-]+)</artifactId>");
    private static final Pattern VERSION = Pattern.compile("<version>([^<]+)</version>");

    /** Not published: tests of this project, its benchmarks, and the BOM, which does not name itself. */
    private static final Set<String> NOT_PUBLISHED = Set.of("bom", "benchmarks");

    @Test
    void theBomNamesWhatIsPublished() throws IOException {
        Set<String> published = new TreeSet<>();
        for (String module : all(MODULE, read("pom.xml"))) {
            if (module.equals("tests/contract") || (!module.startsWith("tests/") && !NOT_PUBLISHED.contains(module))) {
                published.add(module.replace('/', '-'));
            }
        }
        Set<String> named = new TreeSet<>(all(ARTIFACT, read("bom/pom.xml")));
        assertTrue(named.remove("bom"));
        assertTrue(published.size() >= 18, published::toString);
        assertEquals(published, named, "bom/pom.xml has to name each module that is published, and nothing else");
    }

    @Test
    void theBomIsOfTheVersionThatIsBuilt() throws IOException {
        assertEquals(all(VERSION, read("pom.xml")).getFirst(), all(VERSION, read("bom/pom.xml")).getFirst());
    }

    private static List<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).toList();
    }

    private static String read(String file) throws IOException {
        return Files.readString(SourceTree.root().resolve(Path.of(file)));
    }
}
