package io.moe4j.api.spi;

import io.moe4j.api.spi.Registry.Entry;
import io.moe4j.api.spi.Registry.LeftOut;
import io.moe4j.api.spi.Registry.Loaded;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.Spliterator;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Goes through the providers that one {@link ServiceLoader} finds, and records each as loaded or left out. */
final class ProviderSearch<P extends Provider> {
    private static final Logger log = LoggerFactory.getLogger(Registry.class);
    private static final Pattern ID = Pattern.compile("[a-z0-9_]+");
    /** Stops the search: a loader that cannot even enumerate its providers may throw without end. */
    private static final int MAX_FAILURES = 1000;
    private static final int JAVA = Runtime.version().feature();

    private final Class<P> spi;
    private final SpiVersion host;
    private final String origin;
    private final List<Entry> entries;
    private final Set<Class<?>> seen = new HashSet<>();

    ProviderSearch(Class<P> spi, SpiVersion host, String origin, List<Entry> entries) {
        this.spi = spi;
        this.host = host;
        this.origin = origin;
        this.entries = entries;
        entries.stream().filter(Loaded.class::isInstance).map(Loaded.class::cast)
                .filter(entry -> entry.spi().equals(spi))
                .forEach(entry -> seen.add(entry.provider().getClass()));
    }

    void run(ServiceLoader<P> loader) {
        Spliterator<ServiceLoader.Provider<P>> found = loader.stream().spliterator();
        int failures = 0;
        boolean more = true;
        while (more && failures < MAX_FAILURES) {
            try {
                // The loader continues after a provider that it could not load.
                more = found.tryAdvance(this::take);
            } catch (ServiceConfigurationError | LinkageError e) {
                failures++;
                leaveOut(Optional.empty(), Optional.empty(), origin, reason(e));
            }
        }
    }

    private void take(ServiceLoader.Provider<P> found) {
        String jar = ProviderFacts.jar(found.type());
        Optional<String> id = Optional.empty();
        Optional<String> built = Optional.empty();
        try {
            P provider = found.get();
            if (!seen.add(provider.getClass())) {
                return;
            }
            id = Optional.of(ProviderFacts.given("id", provider.id()));
            built = Optional.of(ProviderFacts.given("spiVersion", provider.spiVersion()));
            SpiVersion version = SpiVersion.parse(built.get());
            Optional<String> refusal = refusal(id.get(), version, jar)
                    .or(() -> LinkCheck.missing(found.type(), jar).map(what -> notLinked(what, Optional.of(version))));
            if (refusal.isPresent()) {
                leaveOut(id, built, jar, refusal.get());
            } else {
                ProviderFacts.checkSettings(provider);
                load(new Loaded(spi, id.get(), provider, version, jar,
                        ProviderFacts.given("description", provider.description())));
            }
        } catch (RuntimeException | LinkageError | ServiceConfigurationError e) {
            Optional<String> compiled = built
                    .or(() -> LinkFailure.in(e).flatMap(error -> BuiltVersion.of(found.type())));
            leaveOut(id, compiled, jar, LinkFailure.in(e)
                    .map(error -> LinkFailure.own(error).map(what -> what + "; " + LinkFailure.OWN_REMEDY).orElseGet(
                            () -> notLinked(LinkFailure.missing(error), compiled.map(SpiVersion::parse))))
                    .orElseGet(() -> reason(e)));
        }
    }

    private String notLinked(String what, Optional<SpiVersion> built) {
        return "it does not link with this host: " + what + "; "
                + built.map(version -> LinkFailure.versions(Registry.nameOf(spi), version, host))
                        .orElse("this host has version " + host + " of " + Registry.nameOf(spi))
                + ": build it against this host's api, with all classes that it needs, or use the host that it was made for";
    }

    private Optional<String> refusal(String id, SpiVersion built, String jar) {
        String versions = "it was built against version " + built + " of " + Registry.nameOf(spi)
                + ", and this host has " + host;
        return switch (host.accepts(built)) {
            case TOO_OLD -> Optional.of("too old: " + versions + "; build " + jar
                    + " against this host's api, or use the host that it was made for");
            case TOO_NEW -> Optional.of("too new: " + versions + "; use a newer host, or a version of " + jar
                    + " that was made for this one");
            case COMPATIBLE -> ID.matcher(id).matches() ? duplicate(id)
                    : Optional.of(
                            "its id \"" + id
                                    + "\" is malformed; ids are lower-case letters, digits and underscores: give it one of these");
        };
    }

    private Optional<String> duplicate(String id) {
        return entries.stream().filter(Loaded.class::isInstance).map(Loaded.class::cast)
                .filter(entry -> entry.spi().equals(spi) && entry.id().equals(id)).findFirst()
                .map(first -> "duplicate id: \"" + id + "\" is taken by " + first.provider().getClass().getName()
                        + " of " + first.jar()
                        + ", which was found first; give it another id");
    }

    private void load(Loaded entry) {
        log.debug("{} \"{}\" loaded from {}, built against {}", entry.spiName(), entry.id(), entry.jar(),
                entry.built());
        entries.add(entry);
    }

    private void leaveOut(Optional<String> id, Optional<String> built, String jar, String reason) {
        Optional<Class<? extends Provider>> of = Optional.of(spi);
        leaveOut(new LeftOut(of, id, built, jar, reason));
    }

    private void leaveOut(LeftOut entry) {
        // A search through a plug-in's layer repeats the failures of the host's layer; a failure without a class has no known origin.
        boolean known = entries.stream().filter(LeftOut.class::isInstance).map(LeftOut.class::cast)
                .anyMatch(other -> other.spi().equals(entry.spi()) && other.id().equals(entry.id())
                        && other.reason().equals(entry.reason())
                        && (entry.jar().equals(origin) || entry.jar().equals(other.jar())));
        if (!known) {
            file(entries, entry);
        }
    }

    static void file(List<Entry> entries, LeftOut entry) {
        log.warn("left out: {}", entry);
        entries.add(entry);
    }

    private static String reason(Throwable failure) {
        StringBuilder text = new StringBuilder(describe(failure));
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            text.append("; because of ").append(describe(cause));
        }
        return text + remedy(failure);
    }

    /** A remedy for the messages of {@link ServiceLoader} and for exceptions of a plug-in, which have none. */
    private static String remedy(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        return switch (failure) {
            case ServiceConfigurationError e when e
                    .getCause() instanceof UnsupportedClassVersionError -> "; build the jar"
                            + " with javac --release " + JAVA
                            + ", or start moe4j with the Java that the jar was built for";
            case ServiceConfigurationError e when e
                    .getCause() instanceof ClassFormatError -> "; the jar is damaged: build,"
                            + " copy or download it again";
            case ServiceConfigurationError e when message.endsWith(" not found") -> "; its jar offers this class, in"
                    + " META-INF/services or its module-info, and does not have it: correct the name, or build the jar with"
                    + " the class";
            case ServiceConfigurationError e when message
                    .endsWith("not a subtype") -> "; let the class implement the SPI,"
                            + " and leave the classes of moe4j's api out of the jar";
            case ServiceConfigurationError e when e.getCause() instanceof NoSuchMethodException
                    || message.contains(
                            "not public") -> "; give it a public constructor without arguments, in a public class";
            case ServiceConfigurationError e when e.getCause() == null
                    || e.getCause() instanceof IOException -> "; correct"
                            + " META-INF/services in its jar";
            case IllegalArgumentException e when e.getMessage() != null -> "";
            default -> "; report this to the author of the plug-in";
        };
    }

    private static String describe(Throwable failure) {
        return switch (failure) {
            case ServiceConfigurationError e -> String.valueOf(e.getMessage());
            case NoClassDefFoundError e -> LinkFailure.missing(e);
            case IllegalArgumentException e when e.getMessage() != null -> e.getMessage();
            default -> failure.toString();
        };
    }
}
