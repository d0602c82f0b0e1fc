package io.moe4j.api.spi;

import java.lang.module.ResolvedModule;
import java.net.URI;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads properties of a provider's class safely, even if the class throws. */
final class ProviderFacts {

    private ProviderFacts() {}

    /** The result of a provider's method, after a check that it is not null: plug-ins are compiled without this host's null checks. */
    static <T> T given(String method, @Nullable T answer) {
        if (answer == null) {
            throw new IllegalArgumentException("its method " + method + "() returned null; let it return a value");
        }
        return answer;
    }

    /** Checks a provider's settings when it is found: configurations are checked against the settings of all plug-ins, so one faulty list would affect all. */
    static void checkSettings(Provider provider) {
        Set<String> names = new HashSet<>();
        for (Setting<?> setting : given("settings", provider.settings())) {
            if (!names.add(setting.name())) {
                throw new IllegalArgumentException("its method settings() lists \"" + setting.name()
                        + "\" more than once; give each setting a name of its own");
            }
        }
    }

    static Availability probe(Registry.Loaded entry) {
        try {
            return given("probe", entry.provider().probe());
        } catch (RuntimeException | LinkageError e) {
            return LinkFailure.in(e).map(error -> notLinked(entry, error))
                    .orElseGet(() -> Availability.unavailable("its probe failed: " + e,
                            "report this to the author of the plug-in: a probe never throws, and returns an answer"));
        }
    }

    private static Availability notLinked(Registry.Loaded entry, LinkageError error) {
        Optional<String> own = LinkFailure.own(error);
        return own
                .isPresent()
                        ? Availability.unavailable(own.get(), LinkFailure.OWN_REMEDY)
                        : Availability.unavailable(
                                "it does not link with this host: " + LinkFailure.missing(error) + "; "
                                        + LinkFailure.versions(entry.spiName(), entry.built(),
                                                hostVersion(entry.spi())),
                                "build " + entry.jar() + " against this host's api, with all classes that it needs");
    }

    /** The constant that every SPI has. */
    private static @Nullable SpiVersion hostVersion(Class<? extends Provider> spi) {
        try {
            return SpiVersion.parse(String.valueOf(spi.getField("SPI_VERSION").get(null)));
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            return null;
        }
    }

    /** The jar or folder that a class came from; its module's name if that is not known. */
    static String jar(Class<?> type) {
        Module module = type.getModule();
        Optional<URI> location = module.getLayer() == null ? codeSource(type)
                : module.getLayer().configuration().findModule(module.getName()).map(ResolvedModule::reference)
                        .flatMap(reference -> reference.location());
        return location.map(ProviderFacts::readable)
                .orElse(module.isNamed() ? "module " + module.getName() : "an unknown place");
    }

    private static Optional<URI> codeSource(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        return source == null || source.getLocation() == null ? Optional.empty()
                : Optional.of(URI.create(source.getLocation().toString()));
    }

    private static String readable(URI uri) {
        return "file".equals(uri.getScheme()) ? Path.of(uri).toString() : uri.toString();
    }
}
