package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** Options of every command, as a mixin. */
final class CommonOptions {

    static final String DEBUG = "--debug";

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli sets and reads it
    private boolean help;

    @Option(names = DEBUG, description = "Shows the stack trace of an error.")
    @SuppressWarnings("UnusedVariable") // the command line is searched for its name
    private boolean debug;

    @Option(names = "--plugin-path", paramLabel = "PATH",
            description = "Plug-in jars, or folders of them, separated by '${sys:path.separator}'.")
    private String pluginPath = "";

    /**
     * Jars and folders in which to look for plug-ins.
     *
     * @throws InputException if one of them does not exist: it was named for a plug-in that this command needs
     */
    List<Path> pluginPath() {
        List<Path> paths = Arrays.stream(pluginPath.split(File.pathSeparator)).filter(part -> !part.isBlank())
                .map(Path::of).toList();
        List<Path> missing = paths.stream().filter(path -> !Files.exists(path)).toList();
        if (!missing.isEmpty()) {
            throw new InputException("--plugin-path " + pluginPath + ": there is no such file or folder: "
                    + missing.stream().map(Path::toString).collect(Collectors.joining(", "))
                    + "; give jars, or folders of jars, separated by '" + File.pathSeparator + "'");
        }
        return paths;
    }
}
