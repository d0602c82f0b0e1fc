package io.moe4j.trainer.plugins;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds plug-ins. Those of the host come first, so that no jar can replace one of them; then those of the jars of the plug-in path in order, each jar in a
 * module layer and class loader of its own on top of the host's.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Plugins {
    private static final Logger log = LoggerFactory.getLogger(Plugins.class);

    private Plugins() {}

    /** The host's plug-ins alone. */
    public static Registry load() {
        return load(List.of());
    }

    /**
     * The host's plug-ins and those of jars. No jar, whatever it contains, makes this fail: what cannot be used is among the registry's entries, with the
     * reason.
     *
     * <p>If moe4j is on the module path, plug-ins are found by the {@code provides} clauses of modules. If it is on the class path, as in a
     * Spring Boot jar, they
     * are found by {@code META-INF/services}, which each of moe4j's jars has too.
     *
     * @param pluginPath jars, and folders of jars
     */
    public static Registry load(List<Path> pluginPath) {
        PluginHost host = PluginHost.of(Plugins.class);
        Registry.Builder registry = Registry.builder().searched(host.searched());
        Spi.all().forEach(spi -> spi.add(registry, host, "the host"));
        Set<String> used = new HashSet<>();
        PluginPath path = PluginPath.of(pluginPath);
        path.problems().forEach(registry::leaveOut);
        List<PluginJar> libraries = path.jars().stream().filter(jar -> !load(jar, host, registry, used)).toList();
        // A module without services may be a library that a plug-in beside it requires.
        libraries.stream().filter(jar -> !used.contains(jar.moduleName()))
                .forEach(jar -> registry.leaveOut(jar.path().toString(),
                        "it offers no plug-in: it provides none of "
                                + Spi.all().stream().map(spi -> spi.type().getName()).toList()
                                + "; name the class that implements one of them in its module-info (provides ... with ...), or"
                                + " in META-INF/services if it has no module-info"));
        return registry.build();
    }

    /** Whether the jar must be reported: not if it offers no services. */
    private static boolean load(PluginJar jar, PluginHost host, Registry.Builder registry, Set<String> used) {
        try {
            if (!jar.offersAny(Spi.all().stream().<Class<? extends Provider>>map(Spi::type).toList())) {
                return false;
            }
            PluginHost extended = host.with(jar);
            used.addAll(extended.moduleNames());
            Spi.all().forEach(spi -> spi.add(registry, extended, jar.path().toString()));
            log.debug("plug-in jar {}: {}", jar.path(), extended);
        } catch (RuntimeException | LinkageError e) {
            registry.leaveOut(jar.path().toString(), jar.reason(e));
        }
        return true;
    }
}
