package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The modules that {@code requires io.moe4j.trainer} adds to the module graph of a library consumer: no command line, no progress bar, no logging
 * implementation, no CUDA.
 */
final class ConsumerGraphTest {
    private static final List<String> UNWANTED = List.of("info.picocli", "me.tongfei", "org.jline", "ch.qos.logback",
            "jcuda",
            "org.bytedeco.cuda", "io.moe4j.app", "io.moe4j.runtime.cuda", "org.junit");

    @Test
    void aLibraryConsumerGetsNoApplication() {
        Set<String> graph = graph("io.moe4j.trainer");
        assertTrue(graph.containsAll(Set.of("io.moe4j.api", "io.moe4j.runtime.cpu", "com.google.guice")),
                graph::toString);
        assertEquals(Set.of(), unwanted(graph), graph::toString);
    }

    @Test
    void theCommandLineIsCaught() {
        Set<String> unwanted = unwanted(graph("io.moe4j.app"));
        assertTrue(unwanted.containsAll(Set.of("info.picocli", "io.moe4j.app")), unwanted::toString);
    }

    private static Set<String> unwanted(Set<String> graph) {
        return graph.stream().filter(name -> UNWANTED.stream().anyMatch(name::startsWith))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Follows the requires clauses from one module: an automatic module, which has none, adds itself only. */
    private static Set<String> graph(String root) {
        ModuleFinder[] jars = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).map(Path::of)
                .map(ModuleFinder::of).filter(ConsumerGraphTest::isReadable).toArray(ModuleFinder[]::new);
        ModuleFinder finder = ModuleFinder.compose(jars);
        Set<String> found = new TreeSet<>();
        Set<String> next = new TreeSet<>(Set.of(root));
        while (!next.isEmpty()) {
            Set<String> required = new TreeSet<>();
            for (String name : next) {
                found.add(name);
                finder.find(name).map(ModuleReference::descriptor).filter(module -> !module.isAutomatic())
                        .ifPresent(module -> module.requires().stream()
                                .filter(each -> !each.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
                                .map(ModuleDescriptor.Requires::name).forEach(required::add));
            }
            required.removeAll(found);
            next = required;
        }
        return found;
    }

    private static boolean isReadable(ModuleFinder jar) {
        try {
            return !jar.findAll().isEmpty();
        } catch (FindException e) {
            return false;
        }
    }
}
