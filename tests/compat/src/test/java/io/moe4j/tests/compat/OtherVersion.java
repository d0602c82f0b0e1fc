package io.moe4j.tests.compat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The SPIs as they were, or will be, in another version: the sources of this one with the version constants changed, and compiled.
 *
 * @param version what the constants say
 * @param modulePath what a plug-in for that version is compiled against
 */
record OtherVersion(String version, List<Path> modulePath) {
    private static final Pattern CONSTANT = Pattern.compile("String SPI_VERSION = \"[^\"]*\";");

    /**
     * Makes a version.
     *
     * @param api what else differs in the api
     */
    static OtherVersion of(String version, UnaryOperator<Sources> api, Path work) throws IOException {
        List<Path> path = new ArrayList<>(Compiler.librariesOfThisJvm());
        path.add(Compiler.compile(renumbered(api.apply(Sources.ofProject("api")), version), path, work.resolve("api")));
        path.add(Compiler.compile(renumbered(Sources.ofProject("autograd"), version), path, work.resolve("autograd")));
        return new OtherVersion(version, List.copyOf(path));
    }

    /** A version that differs in nothing but its number. */
    static OtherVersion of(String version, Path work) throws IOException {
        return of(version, UnaryOperator.identity(), work);
    }

    private static Sources renumbered(Sources sources, String version) {
        return sources.edited(text -> CONSTANT.matcher(text).replaceAll("String SPI_VERSION = \"" + version + "\";"));
    }
}
