package io.moe4j.tests.compat;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The SPIs in an earlier or a later version: the host's classes, and in place of some of them what other sources give, such as those with other version
 * constants. Only changed sources are compiled, against the host's classes: the sources of all SPIs take seconds.
 *
 * @param version what the constants say
 * @param modulePath the modules against which a plug-in for that version is compiled
 * @param changed folders with the changed classes, by module
 */
record OtherVersion(String version, List<Path> modulePath, Map<String, Path> changed) {
    private static final Pattern CONSTANT = Pattern.compile("String SPI_VERSION = \"[^\"]*\";");

    OtherVersion {
        modulePath = List.copyOf(modulePath);
        changed = Map.copyOf(changed);
    }

    /**
     * Makes a version.
     *
     * @param api further changes of the api's sources
     */
    static OtherVersion of(String version, UnaryOperator<Sources> api, Path work) throws IOException {
        OtherVersion host = new OtherVersion(version, ofHost().modulePath, Map.of());
        Sources own = Sources.ofProject("api");
        Sources autograd = Sources.ofProject("autograd");
        return host.changed("io.moe4j.api", renumbered(api.apply(own), version).changedSince(own), work.resolve("api"))
                .changed("io.moe4j.autograd", renumbered(autograd, version).changedSince(autograd),
                        work.resolve("autograd"));
    }

    /** The version of the host. */
    static OtherVersion ofHost() throws IOException {
        List<Path> path = new ArrayList<>(Compiler.librariesOfThisJvm());
        path.add(place(Registry.class));
        path.add(place(ModelProvider.class));
        return new OtherVersion("the host's", path, Map.of());
    }

    /** A version that differs only in its number. */
    static OtherVersion of(String version, Path work) throws IOException {
        return of(version, UnaryOperator.identity(), work);
    }

    private OtherVersion changed(String module, Sources sources, Path work) throws IOException {
        Map<String, Path> folders = new LinkedHashMap<>(changed);
        folders.put(module, Compiler.compilePart(module, sources, this, work));
        return new OtherVersion(version, modulePath, folders);
    }

    /** With one more module on the module path. */
    OtherVersion with(Path module) {
        List<Path> path = new ArrayList<>(modulePath);
        path.add(module);
        return new OtherVersion(version, path, changed);
    }

    private static Sources renumbered(Sources sources, String version) {
        return sources.edited(text -> CONSTANT.matcher(text).replaceAll("String SPI_VERSION = \"" + version + "\";"));
    }

    /** The jar or folder that holds a class's module. */
    private static Path place(Class<?> ofModule) {
        try {
            return Path.of(ofModule.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
