package io.moe4j.tests.errorprone;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** javac with Error Prone, which is on the class path of this JVM: so it is loaded once for all runs. */
final class ErrorProne {

    private ErrorProne() {}

    /**
     * Compiles, and returns what is wrong: errors of javac, errors and warnings of Error Prone, each with file, line, message and the name of the check.
     *
     * @param sources the Java files
     * @param checks the lines of main.options or test.options
     * @param classPath what the sources need beside the libraries on the class path of this JVM
     * @param output the folder for the class files; empty for none, which is faster
     */
    static List<String> findings(Collection<Path> sources, List<String> checks, List<Path> classPath,
            Optional<Path> output) throws IOException {
        String plugin = Stream.concat(Stream.of("-Xplugin:ErrorProne"), checks.stream())
                .collect(Collectors.joining(" "));
        String libraries = System.getProperty("java.class.path");
        String path = Stream.concat(classPath.stream().map(Path::toString), Stream.of(libraries))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> options = new ArrayList<>(List.of(plugin, "-XDcompilePolicy=simple", "--should-stop=ifError=FLOW",
                "-proc:none", "-Xmaxerrs", "1000", "-Xmaxwarns", "1000", "--add-modules", "jdk.incubator.vector",
                "-classpath", path,
                // Where Error Prone looks for further checks: for NullAway.
                "-processorpath", libraries));
        options.addAll(output.map(folder -> List.of("-d", folder.toString()))
                // All checks are done after this stage of javac.
                .orElse(List.of("--should-stop=ifNoError=FLOW")));
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        try (StandardJavaFileManager files = javac.getStandardFileManager(found, Locale.ROOT, StandardCharsets.UTF_8)) {
            boolean compiled = javac
                    .getTask(null, files, found, options, null, files.getJavaFileObjectsFromPaths(sources)).call();
            List<String> findings = found.getDiagnostics().stream()
                    .filter(each -> each.getKind() == Diagnostic.Kind.ERROR || isErrorProne(each))
                    .map(each -> each.toString()).toList();
            if (!compiled && findings.isEmpty()) {
                throw new IllegalStateException("javac failed and named no error: " + found.getDiagnostics());
            }
            return findings;
        }
    }

    /** The options in absent.options and in a file: their lines, without those that are empty or start with #. */
    static List<String> checks(String file) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String each : List.of("absent.options", file)) {
            Files.readAllLines(SourceRoots.project().resolve("tests", "errorprone", each)).stream().map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#")).forEach(lines::add);
        }
        return lines;
    }

    private static boolean isErrorProne(Diagnostic<?> diagnostic) {
        return diagnostic.getCode().endsWith(".error.prone");
    }
}
