package io.moe4j.tests.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The built modules of this project, as they are on the class path. Every module is found by its descriptor, so a new one is
 * checked without being listed here.
 */
final class House {
    private static final String DESCRIPTOR = "module-info.class";

    private final List<BuiltModule> modules;
    private final JavaClasses classes;

    private House(List<BuiltModule> modules, JavaClasses classes) {
        this.modules = modules;
        this.classes = classes;
    }

    /** A module with its location and the binary names of all its classes, found without ArchUnit. */
    record BuiltModule(ModuleDescriptor descriptor, URL location, List<String> classNames) {

        String name() {
            return descriptor.name();
        }

        boolean exports(String packageName) {
            return descriptor.exports().stream().anyMatch(e -> !e.isQualified() && e.source().equals(packageName));
        }
    }

    /** All modules, imported once at the first call, because importing a thousand classes takes seconds. */
    static House read() {
        return Once.HOUSE;
    }

    private static final class Once {
        static final House HOUSE = readNow();
    }

    private static House readNow() {
        try {
            return readBuilt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static House readBuilt() throws IOException {
        List<BuiltModule> modules = new ArrayList<>();
        List<URL> locations = new ArrayList<>();
        for (URL url : Collections.list(House.class.getClassLoader().getResources(DESCRIPTOR))) {
            ModuleDescriptor descriptor;
            try (InputStream in = url.openStream()) {
                descriptor = ModuleDescriptor.read(in);
            }
            if (descriptor.name().startsWith("io.moe4j.")) {
                String text = url.toString();
                URL location = URI.create(text.substring(0, text.length() - DESCRIPTOR.length())).toURL();
                locations.add(location);
                modules.add(new BuiltModule(descriptor, location, classNames(location)));
            }
        }
        modules.sort(Comparator.comparing(BuiltModule::name));
        return new House(List.copyOf(modules), new ClassFileImporter().importUrls(locations));
    }

    List<BuiltModule> modules() {
        return modules;
    }

    JavaClasses classes() {
        return classes;
    }

    List<String> classNames() {
        return modules.stream().flatMap(module -> module.classNames().stream()).toList();
    }

    /** The module of a class: its name is the beginning of the package's name. If several fit, it is the longest. */
    static Optional<String> moduleOf(JavaClass type, Iterable<String> names) {
        String packageName = type.getPackageName();
        String best = null;
        for (String name : names) {
            boolean inside = packageName.equals(name) || packageName.startsWith(name + ".");
            if (inside && (best == null || name.length() > best.length())) {
                best = name;
            }
        }
        return Optional.ofNullable(best);
    }

    private static List<String> classNames(URL location) throws IOException {
        URI uri = URI.create(location.toString());
        if (!uri.getScheme().equals("jar")) {
            return classNames(Path.of(uri));
        }
        try (FileSystem jar = FileSystems.newFileSystem(uri, Map.of())) {
            return classNames(jar.getPath("/"));
        }
    }

    private static List<String> classNames(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            return files.map(file -> root.relativize(file).toString())
                    .filter(file -> file.endsWith(".class") && !file.endsWith(DESCRIPTOR))
                    .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
