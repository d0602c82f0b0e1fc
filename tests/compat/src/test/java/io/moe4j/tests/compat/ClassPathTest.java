package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.plugins.Plugins;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * moe4j on a class path: a class loader with all of its jars, which makes no modules of them and is not the context class loader of any thread, as
 * that of a Spring Boot
 * jar. The same plug-ins are found as on the module path.
 */
final class ClassPathTest {

    @Test
    void theSamePlugInsAreFoundAsOnTheModulePath() throws Exception {
        List<String> modular = Plugins.load().entries().stream().map(ClassPathTest::described).sorted().toList();
        assertTrue(modular.size() >= 10, modular::toString);
        try (URLClassLoader classes = new ClassPath(name -> true)) {
            assertEquals(modular, described(classes, List.of()));
        }
    }

    /** A modular jar without META-INF/services: its module-info counts. */
    @Test
    void jarsOfThePlugInPathAreFoundToo(@TempDir Path work) throws Exception {
        Path jar = PlugInJar.write(PlugIns.recomputePolicy("outsider"), OtherVersion.ofHost(), work,
                work.resolve("plugins/outsider.jar"));
        try (URLClassLoader classes = new ClassPath(name -> true)) {
            List<String> found = described(classes, List.of(jar));
            assertTrue(found.contains("RecomputePolicy outsider"), found::toString);
        }
    }

    /** As in a jar that was merged from others without merging their services. */
    @Test
    void whereNothingIsFoundItSaysWhy() throws Exception {
        try (URLClassLoader classes = new ClassPath(name -> !name.startsWith("META-INF/services/io.moe4j."))) {
            assertEquals(List.of(), described(classes, List.of()));
            Object registry = load(classes, List.of());
            Class<?> device = classes.loadClass("io.moe4j.api.device.DeviceProvider");
            try {
                registry.getClass().getMethod("get", Class.class, String.class).invoke(registry, device, "cpu");
                throw new AssertionError("a device was found");
            } catch (InvocationTargetException e) {
                String message = String.valueOf(e.getCause().getMessage());
                assertTrue(message.startsWith("there is no device \"cpu\", nor any other: no provider of"
                        + " io.moe4j.api.device.DeviceProvider was found. moe4j runs on the class path, where"
                        + " META-INF/services is read"), message);
            }
        }
    }

    private static String described(Registry.Entry entry) {
        return entry instanceof Registry.Loaded loaded ? entry.spiName() + " " + loaded.id() : entry.toString();
    }

    private static List<String> described(ClassLoader classes, List<Path> pluginPath) throws Exception {
        Object registry = load(classes, pluginPath);
        List<?> entries = (List<?>) registry.getClass().getMethod("entries").invoke(registry);
        TreeSet<String> found = new TreeSet<>();
        for (Object entry : entries) {
            boolean loaded = entry.getClass().getSimpleName().equals("Loaded");
            found.add(loaded ? entry.getClass().getMethod("spiName").invoke(entry) + " "
                    + entry.getClass().getMethod("id").invoke(entry) : entry.toString());
        }
        return List.copyOf(found);
    }

    private static Object load(ClassLoader classes, List<Path> pluginPath) throws Exception {
        Class<?> plugins = classes.loadClass("io.moe4j.trainer.plugins.Plugins");
        assertEquals(null, plugins.getModule().getName());
        return plugins.getMethod("load", List.class).invoke(null, pluginPath);
    }

    /** Everything that this JVM was started with, in one class loader. */
    private static final class ClassPath extends URLClassLoader {
        private final Predicate<String> resources;

        ClassPath(Predicate<String> resources) {
            super(Stream.of("jdk.module.path", "java.class.path").map(name -> System.getProperty(name, ""))
                    .flatMap(path -> Stream.of(path.split(File.pathSeparator))).filter(entry -> !entry.isEmpty())
                    .distinct().map(ClassPath::url).toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
            this.resources = resources;
        }

        /** Looks for its own classes first, because the JVM's loaders know the modules of this test. */
        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded != null) {
                    return loaded;
                }
                try {
                    return findClass(name);
                } catch (ClassNotFoundException e) {
                    return super.loadClass(name, resolve);
                }
            }
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            return findResources(name);
        }

        @Override
        public Enumeration<URL> findResources(String name) throws IOException {
            return resources.test(name) ? super.findResources(name) : Collections.emptyEnumeration();
        }

        private static URL url(String entry) {
            try {
                return Path.of(entry).toUri().toURL();
            } catch (MalformedURLException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
