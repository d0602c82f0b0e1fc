package io.moe4j.api.spi;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The providers that were found, by SPI and id: an explicit, immutable object; several may exist side by side.
 *
 * <p>A provider that cannot be used is left out with its reason, and does not affect the others. Reasons are: its class is missing, its constructor or its
 * method for id or version throws, it was built against an SPI version that the host does not accept, or its id is malformed or already in use. The
 * first provider with an id keeps it; the host's own providers are added first, so that no jar can replace them. {@link #entries()} lists all
 * providers that were found, loaded or left out.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Registry {
    private final Map<Class<? extends Provider>, SpiVersion> spis;
    private final List<Entry> entries;
    private final String searched;

    Registry(Map<Class<? extends Provider>, SpiVersion> spis, List<Entry> entries, String searched) {
        this.searched = searched;
        this.spis = new LinkedHashMap<>(spis);
        this.entries = List.copyOf(entries);
    }

    /** A builder of a registry, empty. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The provider of an SPI that has this id.
     *
     * @throws IllegalArgumentException if no provider has it; the message lists those that exist, and those that were left out with their reasons
     */
    public <P extends Provider> P get(Class<P> spi, String id) {
        checkLookedFor(spi);
        return loaded(spi).filter(entry -> entry.id().equals(id)).map(entry -> spi.cast(entry.provider())).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(unknown(spi, id)));
    }

    /** The providers of an SPI, in the order in which they were found. */
    public <P extends Provider> List<P> all(Class<P> spi) {
        checkLookedFor(spi);
        return loaded(spi).map(entry -> spi.cast(entry.provider())).toList();
    }

    /** The SPIs whose providers were searched, with the host's versions, in the order in which they were added. */
    public Map<Class<? extends Provider>, SpiVersion> spis() {
        return new LinkedHashMap<>(spis);
    }

    /** Everything that was found, loaded or left out, in the order in which it was found. */
    public List<Entry> entries() {
        return entries;
    }

    /**
     * The error message for a plug-in that fails to link while it is opened or used: a class, method or field that it needs is missing. Most such
     * failures are found when the plug-in is loaded, and the plug-in is left out then; a class of its own that is missing from its jar is found only
     * here.
     *
     * @param failure the exception that was thrown
     * @return the plug-in, its jar, what is missing, both versions and the remedy; empty if the failure has another reason
     */
    public Optional<String> linkFailure(Throwable failure) {
        return LinkFailure.in(failure).flatMap(error -> {
            List<Loaded> suspects = LinkFailure.suspects(error, loaded());
            return suspects.isEmpty() ? Optional.empty()
                    : Optional.of(LinkFailure.describe(suspects, error, spis.get(suspects.getFirst().spi())));
        });
    }

    /**
     * The error message for an exception that was thrown in the code of a plug-in from another jar and does not name the plug-in, such as a null pointer
     * exception while a model family is opened.
     *
     * @param failure the exception that was thrown
     * @return the plug-in, the method, the exception, and to whom to report it; empty if the exception is an intended refusal (its class is not one of
     *     Java's own), already names the plug-in, or was not thrown in the code of a plug-in
     * @since 0.3.0
     */
    public Optional<String> codeFailure(Throwable failure) {
        return PlugInFault.describe(failure, loaded());
    }

    /**
     * The plug-in of another jar whose code a thread is in, for the message about one that stands still: {@code the plug-in "x" in AcmeComm.await()}.
     *
     * @param calls the calls that the thread is in, the innermost first ({@link Thread#getStackTrace()})
     * @return empty if the innermost call that is not one of Java's own classes is none of a plug-in of another jar
     * @since 0.3.0
     */
    public Optional<String> codeRunning(StackTraceElement[] calls) {
        return PlugInFault.running(calls, loaded());
    }

    private Stream<Loaded> loaded() {
        return entries.stream().filter(Loaded.class::isInstance).map(Loaded.class::cast);
    }

    private Stream<Loaded> loaded(Class<? extends Provider> spi) {
        return loaded().filter(entry -> entry.spi().equals(spi));
    }

    private void checkLookedFor(Class<? extends Provider> spi) {
        if (!spis.containsKey(spi)) {
            throw new IllegalArgumentException("no providers of " + spi.getName()
                    + " were looked for; add it to the registry's builder, which has "
                    + spis.keySet().stream().map(Class::getName).toList());
        }
    }

    private String unknown(Class<? extends Provider> spi, String id) {
        List<String> known = loaded(spi).map(Loaded::id).sorted().toList();
        String left = entries.stream().filter(LeftOut.class::isInstance).map(LeftOut.class::cast)
                .filter(entry -> entry.spi().map(spi::equals).orElse(true)).map(entry -> "\n  left out: " + entry)
                .collect(Collectors.joining());
        if (known.isEmpty()) {
            return "there is no " + wordsOf(spi) + " \"" + Shown.of(id) + "\", nor any other: no provider of "
                    + spi.getName() + " was found" + (searched.isEmpty() ? "" : ". " + searched) + left;
        }
        return "there is no " + wordsOf(spi) + " \"" + Shown.of(id) + "\"; known are " + known
                + ": choose one of them, or add the jar that has it to the plug-in path" + left;
    }

    /** {@code "CommBackend"} for {@code CommBackendProvider}. */
    static String nameOf(Class<? extends Provider> spi) {
        String name = spi.getSimpleName();
        return name.endsWith("Provider") ? name.substring(0, name.length() - "Provider".length()) : name;
    }

    /** {@code "comm backend"} for {@code CommBackendProvider}. */
    private static String wordsOf(Class<? extends Provider> spi) {
        return nameOf(spi).replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }

    /** The result of the search for a provider, or for a jar. */
    public sealed interface Entry {

        /** The SPI; unknown for a jar that could not be opened. */
        Optional<Class<? extends Provider>> spiType();

        /** The SPI's name for people, such as {@code "CommBackend"}; empty if unknown. */
        default String spiName() {
            return spiType().map(Registry::nameOf).orElse("");
        }

        /** The jar or folder that it came from: a path, if that is known. */
        String jar();
    }

    /**
     * A provider that can be used.
     *
     * @param spi what it implements
     * @param id its name within the SPI
     * @param provider the provider
     * @param built the SPI version that it was built against
     * @param jar where it came from
     * @param description one line for people
     */
    public record Loaded(Class<? extends Provider> spi, String id, Provider provider, SpiVersion built, String jar,
            String description)
            implements
            Entry {

        @Override
        public Optional<Class<? extends Provider>> spiType() {
            return Optional.of(spi);
        }

        /** Whether it could be opened on this machine, checked at each call. A probe that throws, against its contract, counts as unavailable. */
        public Availability probe() {
            return ProviderFacts.probe(this);
        }
    }

    /**
     * A provider, or a whole jar, that cannot be used.
     *
     * @param spi what it implements; unknown for a jar that could not be opened
     * @param id its name, if it is known
     * @param built the SPI version that it was built against, if it is known
     * @param jar where it came from
     * @param reason why, with the remedy
     */
    public record LeftOut(Optional<Class<? extends Provider>> spi, Optional<String> id, Optional<String> built,
            String jar,
            String reason) implements Entry {

        @Override
        public Optional<Class<? extends Provider>> spiType() {
            return spi;
        }

        @Override
        public String toString() {
            String what = (spiName() + id.map(name -> " \"" + name + "\"").orElse("")).strip();
            return (what.isEmpty() ? "" : what + " of ") + jar + ": " + reason;
        }
    }

    /** Collects providers. Not thread-safe. */
    public static final class Builder {
        private final Map<Class<? extends Provider>, SpiVersion> spis = new LinkedHashMap<>();
        private final List<Entry> entries = new ArrayList<>();
        private String searched = "";

        private Builder() {}

        /**
         * Sets the description of the searched places, for the error of a search that finds nothing.
         *
         * @param where sentences without the last full stop, including the remedy
         */
        public Builder searched(String where) {
            searched = where;
            return this;
        }

        /** Adds the providers that {@code loader} finds; see {@link #add(Class, String, ServiceLoader, String)}. */
        public <P extends Provider> Builder add(Class<P> spi, String hostVersion, ServiceLoader<P> loader) {
            return add(spi, hostVersion, loader, "the host");
        }

        /**
         * Adds the providers that {@code loader} finds and that were not found before: a loader of a plug-in's layer also finds the providers of its
         * parents. The caller creates the loader, because the {@code uses} clause must be in the caller's module.
         *
         * @param spi the SPI to look for
         * @param hostVersion the host's {@code SPI_VERSION} of this SPI
         * @param loader the loader of a layer or of a class loader
         * @param origin jar to name for a provider whose class cannot be loaded
         */
        public <P extends Provider> Builder add(Class<P> spi, String hostVersion, ServiceLoader<P> loader,
                String origin) {
            SpiVersion host = SpiVersion.parse(hostVersion);
            spis.put(spi, host);
            new ProviderSearch<>(spi, host, origin, entries).run(loader);
            return this;
        }

        /** Records a jar that could not be opened at all. */
        public Builder leaveOut(String jar, String reason) {
            ProviderSearch.file(entries,
                    new LeftOut(Optional.empty(), Optional.empty(), Optional.empty(), jar, reason));
            return this;
        }

        /** The registry of everything found so far. */
        public Registry build() {
            return new Registry(spis, entries, searched);
        }
    }
}
