package io.moe4j.tests.compat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The SPIs in an earlier or a later version: today's sources, compiled with other version constants.
 *
 * @param version what the constants say
 * @param modulePath the modules against which a plug-in for that version is compiled
 */
record OtherVersion(String version, List<Path> modulePath) {
    private static final Pattern CONSTANT = Pattern.compile("String SPI_VERSION = \"[^\"]*\";");

    /**
     * Makes a version.
     *
     * @param api further changes of the api's sources
     */
    static OtherVersion of(String version, UnaryOperator<Sources> api, Path work) throws IOException {
        return compiled(version, renumbered(api.apply(Sources.ofProject("api")), version),
                renumbered(Sources.ofProject("autograd"), version), work);
    }

    /** The version of the host. */
    static OtherVersion ofHost(Path work) throws IOException {
        return compiled("the host's", Sources.ofProject("api"), Sources.ofProject("autograd"), work);
    }

    /** A version that differs only in its number. */
    static OtherVersion of(String version, Path work) throws IOException {
        return of(version, UnaryOperator.identity(), work);
    }

    private static OtherVersion compiled(String version, Sources api, Sources autograd, Path work) throws IOException {
        List<Path> path = new ArrayList<>(Compiler.librariesOfThisJvm());
        path.add(Compiler.compile(api, path, work.resolve("api")));
        path.add(Compiler.compile(autograd, path, work.resolve("autograd")));
        return new OtherVersion(version, List.copyOf(path));
    }

    /** With one more module on the module path. */
    OtherVersion with(Path module) {
        List<Path> path = new ArrayList<>(modulePath);
        path.add(module);
        return new OtherVersion(version, List.copyOf(path));
    }

    private static Sources renumbered(Sources sources, String version) {
        return sources.edited(text -> CONSTANT.matcher(text).replaceAll("String SPI_VERSION = \"" + version + "\";"));
    }
}
