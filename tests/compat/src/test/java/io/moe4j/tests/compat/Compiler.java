package io.moe4j.tests.compat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Compiles modules while the tests run. */
final class Compiler {

    private static final String SOURCES = "sources";

    private Compiler() {}

    /**
     * Compiles one module.
     *
     * @param modulePath folders and jars that it may require
     * @param work an empty folder to use
     * @return the folder with the classes
     */
    static Path compile(Sources sources, List<Path> modulePath, Path work) throws IOException {
        return compile(sources, modulePath, Map.of(), work);
    }

    /** As {@link #compile(Sources, List, Path)}, against another version of the SPIs. */
    static Path compile(Sources sources, OtherVersion against, Path work) throws IOException {
        return compile(sources, against.modulePath(), against.changed(), work);
    }

    /** Compiles some of a module's sources; its other classes are those of {@code others}. */
    static Path compilePart(String module, Sources sources, OtherVersion others, Path work) throws IOException {
        Map<String, Path> patches = new HashMap<>(others.changed());
        patches.put(module, work.resolve(SOURCES));
        return compile(sources, others.modulePath(), patches, work);
    }

    private static Path compile(Sources sources, List<Path> modulePath, Map<String, Path> patches, Path work)
            throws IOException {
        Path from = Files.createDirectories(work.resolve(SOURCES));
        Path to = Files.createDirectories(work.resolve("classes"));
        sources.writeTo(from);
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = javac.getStandardFileManager(null, null, null)) {
            List<Path> units = sources.files().keySet().stream().map(from::resolve).toList();
            StringWriter messages = new StringWriter();
            List<String> options = new ArrayList<>(List.of("-d", to.toString(), "-proc:none", "-nowarn",
                    "--module-path",
                    modulePath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator))));
            patches.forEach((module, folder) -> options.addAll(List.of("--patch-module", module + "=" + folder)));
            if (!javac.getTask(messages, files, null, options, null, files.getJavaFileObjectsFromPaths(units)).call()) {
                throw new IllegalStateException("the fixture does not compile:\n" + messages);
            }
        }
        return to;
    }

    /** Everything that this JVM was started with, except the modules of this project. */
    static List<Path> librariesOfThisJvm() {
        return Stream.of("jdk.module.path", "java.class.path").map(name -> System.getProperty(name, ""))
                .flatMap(path -> Stream.of(path.split(File.pathSeparator))).filter(entry -> entry.endsWith(".jar"))
                .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("moe4j-")).distinct().map(Path::of)
                .toList();
    }
}
