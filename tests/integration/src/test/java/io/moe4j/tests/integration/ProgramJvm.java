package io.moe4j.tests.integration;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * JVMs that run the command line with the modules of this JVM, as {@code ./moe4j} does: without the tests. Where the tests run on the class path, that is the
 * program's module path.
 *
 * <p>In the build, all modules are jars. Then a first process, which only these tests wait for, writes the classes that it loaded and linked into a file, which
 * the others map (class data sharing). This takes a fifth of the processor time of a process that ends within seconds.
 */
final class ProgramJvm {
    private static final String MODULE_PATH = "--module-path=";
    private static final String NATIVE_ACCESS = "--enable-native-access=io.moe4j.runtime.cpu,org.bytedeco.javacpp,org.bytedeco.openblas";
    private static final List<String> LIMITS = List.of("-Xmx512m", "-XX:+UseSerialGC");
    /** Where a JVM cannot use the file, it loads its classes as usual, and says nothing of it. */
    private static final List<String> QUIET = List.of("-Xlog:cds*=off", "-Xlog:aot*=off");
    private static final String CLASS_PATH = System.getProperty("java.class.path");
    private static final Optional<String> GIVEN_MODULES = Optional.ofNullable(System.getProperty("jdk.module.path"));
    private static final boolean ARE_JARS = jars(GIVEN_MODULES.orElse(CLASS_PATH)).stream()
            .anyMatch(jar -> Path.of(jar).getFileName().toString().startsWith("moe4j-app-"));
    private static final Optional<Path> CLASSES = classes();

    private ProgramJvm() {}

    /**
     * The command, to which the program's arguments are added.
     *
     * @param options further options of the JVM
     */
    static List<String> command(List<String> options) {
        List<String> more = new ArrayList<>(options);
        CLASSES.ifPresent(file -> {
            more.add("-XX:SharedArchiveFile=" + file);
            more.addAll(QUIET);
        });
        return withOptions(more);
    }

    private static List<String> withOptions(List<String> options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agentlib"))
                // The child has a collector of its own, and a JVM takes one only.
                .filter(argument -> !argument.matches("-XX:\\+Use\\w+GC"))
                .filter(argument -> !ARE_JARS || !argument.contains(ProgramJvm.class.getPackageName()))
                .filter(argument -> !argument.startsWith(MODULE_PATH))
                .forEach(command::add);
        command.addAll(options);
        command.addAll(LIMITS);
        // No module names the jars of native libraries: they are found on the class path.
        command.addAll(List.of(NATIVE_ACCESS, MODULE_PATH + modulePath(), "--class-path", program(CLASS_PATH),
                "--module", "io.moe4j.app/io.moe4j.app.cli.Main"));
        return command;
    }

    /** Where the program's modules are: jars, and folders of classes if modules are not packaged yet. */
    static String modulePath() {
        return program(GIVEN_MODULES.orElse(CLASS_PATH));
    }

    private static String program(String path) {
        return ARE_JARS ? String.join(File.pathSeparator, jars(path)) : path;
    }

    private static List<String> jars(String path) {
        return Stream.of(path.split(File.pathSeparator)).filter(entry -> entry.endsWith(".jar")).toList();
    }

    /** Trains two steps, and keeps the classes. */
    private static Optional<Path> classes() {
        if (!ARE_JARS) {
            return Optional.empty();
        }
        try {
            Path folder = Files.createTempDirectory("moe4j-classes-");
            Path file = Files.createDirectories(Path.of("target").toAbsolutePath()).resolve("program.jsa");
            Files.deleteIfExists(file);
            List<String> options = new ArrayList<>(
                    List.of("-XX:TieredStopAtLevel=1", "-XX:ArchiveClassesAtExit=" + file));
            options.addAll(QUIET);
            List<String> command = withOptions(options);
            command.addAll(List.of("train", "--model.from", ProjectFiles.tinyModel(), "--data.tokenizer", "bytes",
                    "--ranks", "2", "--parallelism.expert_parallel_degree", "2", "--training.local_batch_size", "1",
                    "--training.seq_len", "16", "--training.steps", "2", "--runtime.threads", "1",
                    "--checkpoint.enable", "--output", folder.resolve("run").toString()));
            Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                    .redirectOutput(folder.resolve("log").toFile()).start();
            boolean ended = process.waitFor(120, TimeUnit.SECONDS);
            process.destroyForcibly();
            if (!ended || process.exitValue() != 0) {
                throw new IllegalStateException("the first process fails: " + Files.readString(folder.resolve("log")));
            }
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path each : files.sorted(Comparator.reverseOrder()).collect(Collectors.toList())) {
                    Files.delete(each);
                }
            }
            return Optional.of(file).filter(Files::isRegularFile);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
