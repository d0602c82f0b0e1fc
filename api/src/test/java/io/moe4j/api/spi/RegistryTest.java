package io.moe4j.api.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry.LeftOut;
import io.moe4j.api.spi.Registry.Loaded;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The registry with providers from a folder's {@code META-INF/services}; the compatibility tests use real jars. */
final class RegistryTest {
    private static final String HOST = "3.2";

    @TempDir
    Path folder;

    /** An SPI of this test. */
    public interface ToyProvider extends Provider {}

    /** A correct provider; subclasses each change one thing. */
    public static class Good implements ToyProvider {
        @Override
        public String id() {
            return "good";
        }

        @Override
        public String spiVersion() {
            return HOST;
        }

        @Override
        public String description() {
            return "a good one";
        }

        @Override
        public Availability probe() {
            return Availability.available();
        }
    }

    /** A second provider with the id of {@link Good}. */
    public static final class SameId extends Good {}

    /** Was built against an older minor version. */
    public static final class OlderMinor extends Good {
        @Override
        public String id() {
            return "older_minor";
        }

        @Override
        public String spiVersion() {
            return "3.0";
        }
    }

    /** Was built against a newer minor version than the host's. */
    public static final class NewerMinor extends Good {
        @Override
        public String id() {
            return "newer_minor";
        }

        @Override
        public String spiVersion() {
            return "3.3";
        }
    }

    /** Was built against the previous major version. */
    public static final class OlderMajor extends Good {
        @Override
        public String id() {
            return "older_major";
        }

        @Override
        public String spiVersion() {
            return "2.9";
        }
    }

    /** Was built against the next major version. */
    public static final class NewerMajor extends Good {
        @Override
        public String id() {
            return "newer_major";
        }

        @Override
        public String spiVersion() {
            return "4.0";
        }
    }

    /** Returns a version that is not a number. */
    public static final class NoVersion extends Good {
        @Override
        public String spiVersion() {
            return "latest";
        }
    }

    /** Has a malformed id. */
    public static final class OddId extends Good {
        @Override
        public String id() {
            return "Odd Id";
        }
    }

    /** Has a constructor that throws. */
    public static final class ThrowsWhenMade extends Good {
        /** Throws. */
        public ThrowsWhenMade() {
            throw new IllegalStateException("no luck today");
        }
    }

    /** Does not implement the SPI. */
    public static final class NoProvider {}

    /** Throws from {@code description()}. */
    public static final class ThrowsWhenAsked extends Good {
        @Override
        public String description() {
            throw new NoClassDefFoundError("outside/Words");
        }
    }

    /** Throws from {@code probe()}, against its contract. */
    public static final class ThrowsWhenProbed extends Good {
        @Override
        public Availability probe() {
            throw new UnsatisfiedLinkError("no driver");
        }
    }

    /** Returns null from one of its methods. */
    public abstract static class Null extends Good {
        String or(String method, String answer) {
            return getClass().getName().endsWith("Null" + method) ? null : answer;
        }

        @Override
        public String id() {
            return or("Id", "null_" + getClass().getName().replaceAll(".*Null", "").toLowerCase(Locale.ROOT));
        }

        @Override
        public String spiVersion() {
            return or("Version", super.spiVersion());
        }

        @Override
        public String description() {
            return or("Description", super.description());
        }

        @Override
        public List<Setting<?>> settings() {
            return or("Settings", "") == null ? null : List.of();
        }

        @Override
        public Availability probe() {
            return or("Probe", "") == null ? null : super.probe();
        }
    }

    /** See {@link Null}. */
    public static final class NullId extends Null {}

    /** See {@link Null}. */
    public static final class NullVersion extends Null {}

    /** See {@link Null}. */
    public static final class NullDescription extends Null {}

    /** See {@link Null}. */
    public static final class NullSettings extends Null {}

    /** See {@link Null}. */
    public static final class NullProbe extends Null {}

    /** Has two settings with the same name. */
    public static final class SettingTwice extends Good {
        @Override
        public List<Setting<?>> settings() {
            return List.of(Setting.flag("fast", true), Setting.integer("fast", 1, 0, 2));
        }
    }

    /** Throws from {@code settings()}. */
    public static final class ThrowsForSettings extends Good {
        @Override
        public List<Setting<?>> settings() {
            throw new IllegalStateException("no settings today");
        }
    }

    /** Has a static initializer that throws. */
    public static final class NotInitialized extends Good {
        static final int LIMIT = Integer.parseInt("four");
    }

    /** Needs a native library. */
    public static final class NoLibrary extends Good {
        /** Loads the library, which does not exist. */
        public NoLibrary() {
            System.loadLibrary("moe4j_has_no_such_library");
        }
    }

    private ServiceLoader<ToyProvider> loader(Class<?>... providers) {
        return loader(Stream.of(providers).map(Class::getName).toArray(String[]::new));
    }

    private ServiceLoader<ToyProvider> loader(String... providers) {
        RegistryTest.class.getModule().addUses(ToyProvider.class);
        try {
            Path services = Files.createDirectories(folder.resolve("META-INF/services"));
            Files.write(services.resolve(ToyProvider.class.getName()), List.of(providers));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ServiceLoader.load(ToyProvider.class, outside);
    }

    /** Loads this test's providers outside of any module, because {@code META-INF/services} has no effect inside one. */
    private final ClassLoader outside = new ClassLoader(RegistryTest.class.getClassLoader()) {

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(RegistryTest.class.getName() + "$") || name.equals(ToyProvider.class.getName())) {
                return super.loadClass(name, resolve);
            }
            Class<?> known = findLoadedClass(name);
            return known != null ? known : define(name);
        }

        private Class<?> define(String name) {
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        protected Enumeration<URL> findResources(String name) throws IOException {
            Path file = folder.resolve(name);
            return Collections.enumeration(Files.exists(file) ? List.of(file.toUri().toURL()) : List.of());
        }
    };

    private Registry registry(Class<?>... providers) {
        return Registry.builder().add(ToyProvider.class, HOST, loader(providers)).build();
    }

    private static LeftOut leftOut(Registry registry, int index) {
        return assertInstanceOf(LeftOut.class, registry.entries().get(index));
    }

    @Test
    void findsById() {
        Registry registry = registry(Good.class, OlderMinor.class);
        assertEquals(OlderMinor.class.getName(), registry.get(ToyProvider.class, "older_minor").getClass().getName());
        assertEquals(Good.class.getName(), registry.get(ToyProvider.class, "good").getClass().getName());
        assertEquals(2, registry.all(ToyProvider.class).size());
        Loaded entry = assertInstanceOf(Loaded.class, registry.entries().getFirst());
        assertEquals("Toy good 3.2 a good one",
                entry.spiName() + " " + entry.id() + " " + entry.built() + " " + entry.description());
        assertEquals(new SpiVersion(3, 2), registry.spis().get(ToyProvider.class));
        assertEquals("an unknown place", entry.jar());
    }

    /** All broken providers at once: the correct one among them is found. */
    @Test
    void brokenOnesAreListedAndHarmNobody() {
        Registry registry = Registry.builder().add(ToyProvider.class, HOST,
                loader("io.moe4j.missing.Provider", ThrowsWhenMade.class.getName(), ThrowsWhenAsked.class.getName(),
                        NoVersion.class.getName(), OddId.class.getName(), NoProvider.class.getName(),
                        Good.class.getName()))
                .build();
        List<String> reasons = registry.entries().stream().filter(LeftOut.class::isInstance).map(LeftOut.class::cast)
                .map(LeftOut::reason).toList();
        assertEquals(6, reasons.size(), reasons.toString());
        assertTrue(reasons.get(0).contains("io.moe4j.missing.Provider not found; its jar offers this class"),
                reasons.get(0));
        assertTrue(reasons.get(0).endsWith("build the jar with the class"), reasons.get(0));
        assertTrue(reasons.get(1).contains("no luck today"), reasons.get(1));
        assertTrue(reasons.get(1).endsWith("; report this to the author of the plug-in"), reasons.get(1));
        assertTrue(
                reasons.get(2).startsWith("it does not link with this host: the class outside.Words is missing; it was"
                        + " built against version 3.2 of Toy, and this host has 3.2"),
                reasons.get(2));
        assertTrue(reasons.get(3).contains("\"latest\" is no SPI version"), reasons.get(3));
        assertTrue(reasons.get(4).contains("id \"Odd Id\" is malformed"), reasons.get(4));
        assertTrue(reasons.get(5).contains("not a subtype; let the class implement the SPI"), reasons.get(5));
        assertEquals(Good.class.getName(), registry.get(ToyProvider.class, "good").getClass().getName());
    }

    /** Plug-ins are compiled without null checks. If a method returns null, the reason names the method; other providers and the configuration still work. */
    @Test
    void whatAnswersNullIsLeftOutByTheNameOfTheMethod() {
        Registry registry = registry(NullId.class, NullVersion.class, NullDescription.class, NullSettings.class,
                NullProbe.class);
        List<String> methods = List.of("id", "spiVersion", "description", "settings");
        for (int i = 0; i < methods.size(); i++) {
            assertEquals("its method " + methods.get(i) + "() returned null; let it return a value",
                    leftOut(registry, i).reason());
        }
        Loaded last = assertInstanceOf(Loaded.class, registry.entries().getLast());
        Availability.Unavailable answer = assertInstanceOf(Availability.Unavailable.class, last.probe());
        assertTrue(answer.reason().contains("its method probe() returned null"), answer.reason());
    }

    @Test
    void settingsThatCannotBeReadLeaveItOut() {
        Registry registry = registry(SettingTwice.class, ThrowsForSettings.class, Good.class);
        assertEquals("its method settings() lists \"fast\" more than once; give each setting a name of its own",
                leftOut(registry, 0).reason());
        assertTrue(leftOut(registry, 1).reason().contains("no settings today"), leftOut(registry, 1).reason());
        assertEquals(1, registry.all(ToyProvider.class).size());
    }

    /** The JVM reports this as a linkage error too, but building the plug-in against another api would not help. */
    @Test
    void whatFailsByItselfIsNotBlamedOnTheHost() {
        Registry registry = registry(NotInitialized.class, NoLibrary.class);
        assertEquals("a static initializer of its classes failed: java.lang.NumberFormatException: For input string:"
                + " \"four\"; " + LinkFailure.OWN_REMEDY, leftOut(registry, 0).reason());
        String reason = leftOut(registry, 1).reason();
        assertTrue(reason.startsWith("a native library is missing, or does not fit: no moe4j_has_no_such_library in")
                && reason.endsWith(LinkFailure.OWN_REMEDY), reason);
        // At the second use of the class, the JVM's message is shorter: it only names the class.
        assertEquals(Optional.of("the static initializer of x.Y failed"),
                LinkFailure.own(new NoClassDefFoundError("Could not initialize class x.Y")));
        assertEquals(Optional.empty(), LinkFailure.own(new NoClassDefFoundError("x/Y")));
    }

    @Test
    void tooOldAndTooNewAreDifferentErrors() {
        Registry registry = registry(OlderMajor.class, NewerMinor.class, NewerMajor.class);
        assertTrue(registry.all(ToyProvider.class).isEmpty());
        assertTrue(leftOut(registry, 0).reason()
                .startsWith("too old: it was built against version 2.9 of Toy, and this host has 3.2"));
        assertTrue(leftOut(registry, 1).reason()
                .startsWith("too new: it was built against version 3.3 of Toy, and this host has 3.2"));
        assertTrue(leftOut(registry, 2).reason()
                .startsWith("too new: it was built against version 4.0 of Toy, and this host has 3.2"));
        registry.entries().forEach(entry -> assertTrue(((LeftOut) entry).reason().contains(entry.jar())));
    }

    @Test
    void whoComesFirstKeepsTheId() {
        Registry registry = registry(Good.class, SameId.class);
        assertEquals(Good.class.getName(), registry.get(ToyProvider.class, "good").getClass().getName());
        assertTrue(
                leftOut(registry, 1).reason().startsWith("duplicate id: \"good\" is taken by " + Good.class.getName()));
    }

    /** The loader of a plug-in also finds the providers of its parents, correct or broken. */
    @Test
    void aSecondLoaderAddsOnlyWhatIsNew() {
        Registry registry = Registry.builder()
                .add(ToyProvider.class, HOST, loader("missing.One", Good.class.getName()))
                .add(ToyProvider.class, HOST, loader("missing.One", Good.class.getName(), OlderMinor.class.getName()),
                        "second.jar")
                .leaveOut("third.jar", "it is empty").build();
        assertEquals(4, registry.entries().size(), registry.entries().toString());
        assertEquals("third.jar: it is empty", leftOut(registry, 3).toString());
        assertEquals(2, registry.all(ToyProvider.class).size());
    }

    @Test
    void anUnknownIdListsTheKnownOnesAndWhatWasLeftOut() {
        Registry registry = registry(Good.class, NewerMajor.class);
        String message = assertThrows(IllegalArgumentException.class,
                () -> registry.get(ToyProvider.class, "newer_major")).getMessage();
        assertTrue(message.startsWith("there is no toy \"newer_major\"; known are [good]: choose one of them"),
                message);
        assertTrue(message.contains("left out: Toy \"newer_major\" of ") && message.contains("too new"), message);
    }

    @Test
    void anSpiThatWasNotLookedForIsAnError() {
        assertThrows(IllegalArgumentException.class, () -> Registry.builder().build().all(ToyProvider.class));
    }

    @Test
    void aProbeThatThrowsIsUnavailable() {
        Loaded entry = (Loaded) registry(ThrowsWhenProbed.class).entries().getFirst();
        Availability.Unavailable answer = assertInstanceOf(Availability.Unavailable.class, entry.probe());
        assertTrue(answer.reason().contains("no driver"), answer.reason());
        assertSame(Availability.Available.class,
                ((Loaded) registry(Good.class).entries().getFirst()).probe().getClass());
    }
}
