package io.moe4j.trainer.plugins;

import java.io.IOException;
import java.lang.module.FindException;
import java.lang.module.InvalidModuleDescriptorException;
import java.lang.module.ResolutionException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipException;

/**
 * What is said of a file of the plug-in path that cannot be used, with the remedy. Java has one exception for a file that is no jar, a module that is missing
 * and a class that is not in the jar, and tells them apart by the cause and the message only.
 */
final class JarFault {
    private static final Pattern NOT_FOUND = Pattern.compile("Module (\\S+) not found, required by (\\S+)");
    private static final Pattern NOT_IN_JAR = Pattern.compile("Provider class (.+) not in JAR file .*");
    private static final int JAVA = Runtime.version().feature();

    private JarFault() {}

    /** Why the file cannot be used, and what to do. */
    static String reason(Path jar, Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        String cause = failure.getCause() == null ? "" : ": " + failure.getCause().getMessage();
        return switch (failure) {
            case FindException e when e.getCause() instanceof ZipException -> "it is no jar, or a damaged one" + cause
                    + "; build, copy or download it again";
            case FindException e when e.getCause() instanceof InvalidModuleDescriptorException -> descriptor(cause);
            case FindException e when e.getCause() instanceof IOException -> "it cannot be read" + cause
                    + "; see that it is a file that you may read, on a disk that works";
            case FindException e when e
                    .getCause() instanceof IllegalArgumentException -> "no module can be made of it: "
                            + message + cause + "; rename the jar, as in my-plugin-1.0.jar, or give it a module-info";
            case FindException e when message.startsWith("Module format not recognized") -> "its name does not end in"
                    + " .jar; give a jar, or a folder of jars, and rename this file if it is a jar";
            case FindException e -> missing(jar, message + cause);
            case ResolutionException e -> "it does not fit this host: " + message + cause
                    + "; take a version of it for this host, and leave modules that the host has out of its folder";
            default -> failure + cause + "; report this to the author of the plug-in";
        };
    }

    private static String descriptor(String cause) {
        Matcher provider = NOT_IN_JAR.matcher(cause);
        if (provider.find()) {
            return "no module can be made of it: META-INF/services offers the class \"" + provider.group(1)
                    + "\", which is not in the jar; write the name of one class in each line, or build the jar with the class";
        }
        return cause.contains("Unsupported major.minor version")
                ? "its module-info cannot be read" + cause + ", and this is Java " + JAVA + "; build the jar with javac"
                        + " --release " + JAVA + ", or start moe4j with the Java that the jar was built for"
                : "no module can be made of it" + cause + "; build the jar again, with a module-info that names only"
                        + " what is in the jar";
    }

    private static String missing(Path jar, String message) {
        Matcher module = NOT_FOUND.matcher(message);
        return "no module can be made of it: " + message + (module.find()
                ? "; put the jar with the module " + module.group(1) + " beside it, into " + jar.getParent()
                        + ", or build " + module.group(2) + " without it"
                : "; build the jar again");
    }
}
