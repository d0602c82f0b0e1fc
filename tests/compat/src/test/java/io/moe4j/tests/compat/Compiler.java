package io.moe4j.tests.compat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Compiles modules while the tests run. */
final class Compiler {

    private Compiler() {}

    /**
     * Compiles one module.
     *
     * @param modulePath folders and jars that it may require
     * @param work an empty folder to use
     * @return the folder with the classes
     */
    static Path compile(Sources sources, List<Path> modulePath, Path work) throws IOException {
        Path from = Files.createDirectories(work.resolve("sources"));
        Path to = Files.createDirectories(work.resolve("classes"));
        sources.writeTo(from);
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = javac.getStandardFileManager(null, null, null)) {
            List<Path> units = sources.files().keySet().stream().map(from::resolve).toList();
            StringWriter messages = new StringWriter();
            List<String> options = List.of("-d", to.toString(), "-proc:none", "-nowarn", "--module-path",
                    modulePath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
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
