package io.moe4j.app.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The script {@code moe4j}, in trees at awkward places. A tree has the script, one module with a source, and a Maven wrapper that writes down that it was
 * called; the JDK is one that prints its arguments, so that a test takes no longer than the script itself.
 */
@Timeout(120)
class LauncherTest {
    /** What a build leaves: the mark, and the jars that the script looks for. */
    private static final String WRAPPER = """
            #!/bin/sh
            [ "$1" = -v ] && exit 0
            echo built >> builds
            mkdir -p app/target/moe4j/lib
            touch app/target/moe4j/lib/moe4j-runtime-cpu-0.1.0.jar app/target/moe4j/built
            """;
    private static final String JAVA = """
            #!/bin/sh
            echo 'WARNING: Using incubator modules: jdk.incubator.vector' >&2
            echo 'WARNING: something else' >&2
            for argument; do printf 'argument %s\\n' "$argument"; done
            """;

    private static final Instant BUILT = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    private Path folder;

    private Path jdk;

    @BeforeEach
    void jdk() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")) || Files.isExecutable(Path.of("/usr/bin/bash")),
                "skipped: the script needs bash");
        jdk = Files.createDirectories(folder.resolve("jdk"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25\"\n");
        executable(jdk.resolve("bin/java"), JAVA);
        executable(jdk.resolve("bin/javac"), "#!/bin/sh\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"plain", "tests", "benchmarks", ".hidden", "target", "outputs", "with blanks", "br[a]ck*ets?",
                    "-dash", "a$b'c\"d", "tests/.x/[y] z"})
    void aTreeIsBuiltOnceAndAgainWhenASourceChanges(String name) throws Exception {
        Path tree = tree(folder.resolve("trees").resolve(name));
        Run first = run(tree, Map.of(), "plan");
        assertEquals(0, first.code(), first.text());
        assertTrue(first.out().contains("argument plan"), first.text());
        assertTrue(first.out().contains("argument " + tree.toRealPath() + "/app/target/moe4j/lib"), first.text());
        assertTrue(first.out().contains("argument --enable-native-access=io.moe4j.app,io.moe4j.runtime.cpu"),
                first.text());
        assertEquals(1, builds(tree));

        Path source = tree.resolve("api/src/main/java/A.java");
        newer(Files.writeString(source, "class A { }"), tree);
        run(tree, Map.of(), "plan");
        assertEquals(2, builds(tree), "a source has changed");
        if (!name.equals("plain") && !name.startsWith("tests")) {
            // The rest depends on what is in the tree; where it lies has been seen.
            return;
        }
        run(tree, Map.of(), "plan");
        assertEquals(2, builds(tree), "nothing has changed");

        Files.delete(source);
        newer(source.getParent(), tree);
        run(tree, Map.of(), "plan");
        assertEquals(3, builds(tree), "a source was removed");

        newer(Files.writeString(Files.createDirectories(tree.resolve("tests/kit/src/main/java")).resolve("T.java"), ""),
                tree);
        run(tree, Map.of(), "plan");
        assertEquals(3, builds(tree), "tests are no part of the program");
    }

    @Test
    void aTimeInTheFutureDoesNotBuildAgainAndAgain() throws Exception {
        Path tree = tree(folder.resolve("tree"));
        Path source = tree.resolve("api/src/main/java/A.java");
        FileTime tomorrow = FileTime.from(Instant.now().plusSeconds(86_400));
        Files.setLastModifiedTime(source, tomorrow);
        run(tree, Map.of(), "plan");
        run(tree, Map.of(), "plan");
        assertEquals(1, builds(tree), "nothing has changed since the build");

        Files.setLastModifiedTime(Files.writeString(source, "class A { }"), tomorrow);
        run(tree, Map.of(), "plan");
        assertEquals(2, builds(tree), "the source has changed");

        // As Maven leaves it, which does not say what it has built.
        Path built = tree.resolve("app/target/moe4j/built");
        Files.writeString(built, "");
        newer(source, tree);
        run(tree, Map.of(), "plan");
        assertEquals(3, builds(tree), "a source is newer than what Maven has built");
    }

    /** JAVA_HOME may be of another program; this variable is moe4j's own. */
    @Test
    void aJdkThatWasAskedForIsNotReplacedSilently() throws Exception {
        Path tree = tree(folder.resolve("tree"));
        Path old = Files.createDirectories(folder.resolve("old"));
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.9\"\n");
        executable(old.resolve("bin/java"), JAVA);
        Run run = run(tree, Map.of("MOE4J_JAVA_HOME", old.toString()), "plan");
        assertEquals(1, run.code(), run.text());
        assertEquals("moe4j: MOE4J_JAVA_HOME is " + old + ", which has Java 17: set it to a JDK 25, or unset it.",
                run.err().strip());
        Run missing = run(tree, Map.of("MOE4J_JAVA_HOME", "/not/there"), "plan");
        assertEquals(1, missing.code(), missing.text());
        assertTrue(missing.err().contains("/not/there, which has no bin/java"), missing.text());
        assertEquals(0, run(tree, Map.of("JAVA_HOME", old.toString()), "plan").code(),
                "it is the program's that needs it");
    }

    @Test
    void cdpathLeadsNowhereElse() throws Exception {
        Path tree = tree(folder.resolve("tree"));
        tree(folder.resolve("other/tree"));
        Run run = run(folder, List.of("tree/moe4j", "plan"), Map.of("CDPATH", folder.resolve("other").toString()));
        assertEquals(0, run.code(), run.text());
        assertTrue(run.out().contains("argument " + tree.toRealPath() + "/app/target/moe4j/lib"), run.text());
    }

    @Test
    void aLinkToTheScriptIsFollowed() throws Exception {
        Path tree = tree(folder.resolve("a tree"));
        Path link = Files.createSymbolicLink(Files.createDirectories(folder.resolve("bin")).resolve("moe4j"),
                Path.of("../a tree/moe4j"));
        Run run = run(folder, List.of(link.toString(), "plan"), Map.of());
        assertTrue(run.out().contains("argument " + tree.toRealPath() + "/app/target/moe4j/lib"), run.text());
    }

    @Test
    void aColonInThePathIsRefused() throws Exception {
        Run run = run(tree(folder.resolve("a:b")), Map.of(), "plan");
        assertEquals(1, run.code());
        assertTrue(run.err().contains("with a colon in its path"), run.text());
    }

    @Test
    void theWarningOfIncubatingModulesIsTakenOutAndNothingElse() throws Exception {
        Run run = run(tree(folder.resolve("tree")), Map.of(), "plan");
        assertFalse(run.err().contains("incubator"), run.text());
        assertTrue(run.err().contains("WARNING: something else"), run.text());
    }

    /** Loops of a first step are compiled side by side on few processors too; 8 have as many threads for that without being asked. */
    @ParameterizedTest
    @CsvSource({"1, true", "2, true", "7, true", "8, false", "16, false", "128, false", "none, false"})
    void aJvmOfFewProcessorsHasFourThreadsOfItsCompilers(String processors, boolean asked) throws Exception {
        String answer = processors.equals("none") ? "exit 1" : "echo " + processors;
        executable(folder.resolve("tools/getconf"), "#!/bin/sh\n" + answer + "\n");
        Run run = run(tree(folder.resolve("tree")),
                Map.of("PATH", folder.resolve("tools") + ":" + System.getenv("PATH")),
                "plan");
        assertEquals(0, run.code(), run.text());
        assertEquals(asked, run.out().contains("argument -XX:CICompilerCount=4\n"), run.text());
    }

    /** A JVM does not start with a heap that begins larger than it may become. */
    @ParameterizedTest
    @ValueSource(strings = {"-Xmx96m", "-Dx=y -Xmx8g", "-XX:MaxRAMPercentage=1", ""})
    void aLimitOfTheHeapMayBeSmall(String options) throws Exception {
        Run run = run(tree(folder.resolve("tree")), Map.of("MOE4J_JAVA_OPTS", options), "plan");
        assertEquals(options.isEmpty(), run.out().contains("argument -Xms256m\n"), run.text());
        for (String option : options.isEmpty() ? List.<String>of() : List.of(options.split(" "))) {
            assertTrue(run.out().contains("argument " + option + "\n"), run.text());
        }
    }

    /** The real JVM, in the locales in which it takes names for ASCII by itself. */
    @ParameterizedTest
    @ValueSource(strings = {"", "LANG=C", "LC_ALL=C", "LC_ALL=POSIX", "LANG=xx_YY.UTF-8"})
    void namesThatAreNotAsciiAreReadInEveryLocale(String locale) throws Exception {
        executable(jdk.resolve("bin/java"), "#!/bin/sh\nexec '" + System.getProperty("java.home")
                + "/bin/java' -XshowSettings:properties -version\n");
        Path tree = tree(folder.resolve("tree"));
        List<String> command = new ArrayList<>(List.of("env", "-u", "LANG", "-u", "LC_ALL", "-u", "LC_CTYPE"));
        if (!locale.isEmpty()) {
            command.add(locale);
        }
        command.addAll(List.of(tree.resolve("moe4j").toString(), "plan"));
        Run run = run(folder, command, Map.of());
        assertEquals(0, run.code(), run.text());
        assertTrue(run.err().contains("sun.jnu.encoding = UTF-8"), run.text());
    }

    /** What is packed for a machine with a GPU starts the command line as the tree does: it may ask the terminal for its width. */
    @Test
    void thePackForGpusStartsTheSame() throws Exception {
        Path pack = Files.createDirectories(folder.resolve("pack"));
        Path source = ProjectFiles.root().resolve("build-support");
        for (String name : List.of("environment", "gpu-moe4j")) {
            Files.copy(source.resolve("gpu-pack-commands").resolve(name), pack.resolve(name));
        }
        Files.copy(source.resolve("jvm.sh"), pack.resolve("jvm.sh"));
        executable(pack.resolve("jre/bin/java"), JAVA);
        Files.createFile(Files.createDirectories(pack.resolve("lib")).resolve("moe4j-runtime-cuda-0.1.0.jar"));
        Run run = run(folder, List.of(pack.resolve("gpu-moe4j").toString(), "plan"), Map.of());
        assertEquals(0, run.code(), run.text());
        for (String argument : List.of("--enable-native-access=io.moe4j.app,io.moe4j.runtime.cuda", "plan",
                "-Dmoe4j.command=" + pack.resolve("gpu-moe4j"))) {
            assertTrue(run.out().contains("argument " + argument + "\n"), run.text());
        }
        assertEquals("WARNING: something else", run.err().strip());
    }

    private Path tree(Path place) throws IOException {
        Path source = ProjectFiles.root();
        Files.createDirectories(place.resolve("build-support"));
        Files.copy(source.resolve("moe4j"), place.resolve("moe4j"));
        for (String script : List.of("build-support/jdk.sh", "build-support/jvm.sh")) {
            Files.copy(source.resolve(script), place.resolve(script));
        }
        executable(place.resolve("mvnw"), WRAPPER);
        Files.writeString(place.resolve("pom.xml"), "<project/>");
        Files.writeString(Files.createDirectories(place.resolve("api/src/main/java")).resolve("A.java"), "class A {}");
        return place;
    }

    private static void executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Makes a file or folder newer than the last build, and all else in the tree older. */
    private static void newer(Path file, Path tree) throws IOException {
        Path built = tree.resolve("app/target/moe4j/built");
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path each : all.toList()) {
                Files.setLastModifiedTime(each, FileTime.from(BUILT.minusSeconds(10)));
            }
        }
        Files.setLastModifiedTime(built, FileTime.from(BUILT));
        Files.setLastModifiedTime(file, FileTime.from(BUILT.plusSeconds(10)));
    }

    private static int builds(Path tree) throws IOException {
        return Files.readAllLines(tree.resolve("builds")).size();
    }

    private Run run(Path tree, Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(tree.resolve("moe4j").toString()));
        command.addAll(List.of(arguments));
        return run(folder, command, environment);
    }

    private Run run(Path from, List<String> command, Map<String, String> environment) throws Exception {
        Path out = folder.resolve("out.txt");
        ProcessBuilder builder = new ProcessBuilder(command).directory(from.toFile()).redirectOutput(out.toFile());
        builder.environment().put("MOE4J_JAVA_HOME", jdk.toString());
        builder.environment().remove("MOE4J_JAVA_OPTS");
        builder.environment().putAll(environment);
        Process process = builder.start();
        // Until all that write to it have ended, the script's filter among them.
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the script ends");
        return new Run(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), err);
    }

    private record Run(int code, String out, String err) {
        String text() {
            return "exit " + code + "\n" + out + "\n" + err;
        }
    }
}
