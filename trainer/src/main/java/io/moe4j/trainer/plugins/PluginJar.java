package io.moe4j.trainer.plugins;

import io.moe4j.api.spi.Provider;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A jar of the plug-in path: a module, or an automatic one with {@code META-INF/services}.
 *
 * @param path the jar
 * @param beside jars of its folder, which may be libraries that it requires
 */
record PluginJar(Path path, List<Path> beside) {

    /** The name of its module. */
    String moduleName() {
        return descriptor().name();
    }

    /** Whether it declares that it provides one of these services. */
    boolean offersAny(List<Class<? extends Provider>> spis) {
        List<String> names = spis.stream().map(Class::getName).toList();
        return descriptor().provides().stream().map(ModuleDescriptor.Provides::service).anyMatch(names::contains);
    }

    /** The classes that provide a service. */
    List<String> providers(String service) {
        return descriptor().provides().stream().filter(each -> each.service().equals(service))
                .flatMap(each -> each.providers().stream()).toList();
    }

    /** A layer with its module and those jars beside it that the module requires, in one class loader. */
    ModuleLayer layer(ModuleLayer host) {
        // An automatic module would pull in every other automatic module.
        ModuleFinder[] libraries = descriptor().isAutomatic() ? new ModuleFinder[0]
                : beside.stream().map(ModuleFinder::of).filter(PluginJar::isReadable).toArray(ModuleFinder[]::new);
        Configuration modules = host.configuration().resolve(ModuleFinder.of(path), ModuleFinder.compose(libraries),
                Set.of(moduleName()));
        return host.defineModulesWithOneLoader(modules, PluginJar.class.getClassLoader());
    }

    /** Says why it cannot be used. */
    String reason(Throwable failure) {
        return JarFault.reason(path, failure);
    }

    private static boolean isReadable(ModuleFinder jar) {
        try {
            return !jar.findAll().isEmpty();
        } catch (FindException e) {
            // This jar is left out for a reason of its own.
            return false;
        }
    }

    private ModuleDescriptor descriptor() {
        return ModuleFinder.of(path).findAll().stream().map(ModuleReference::descriptor).findFirst()
                .orElseThrow(() -> new FindException(path + " has no module"));
    }
}
