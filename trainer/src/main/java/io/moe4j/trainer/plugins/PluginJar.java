package io.moe4j.trainer.plugins;

import io.moe4j.api.spi.Provider;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.lang.module.ResolutionException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A jar of the plug-in path: a module, or an automatic one with {@code META-INF/services}.
 *
 * @param path the jar
 * @param beside a folder with the libraries that it may require; the jar itself if it stands alone
 */
record PluginJar(Path path, Path beside) {

    /** Name of its module. */
    String moduleName() {
        return descriptor().name();
    }

    /** Whether it says that it provides one of these. */
    boolean offersAny(List<Class<? extends Provider>> spis) {
        List<String> names = spis.stream().map(Class::getName).toList();
        return descriptor().provides().stream().map(ModuleDescriptor.Provides::service).anyMatch(names::contains);
    }

    /** A layer with its module, and what that requires of the jars beside it, in one class loader. */
    ModuleLayer layer(ModuleLayer host) {
        // Modules of the host come before jars beside the plug-in, so that both mean the same SPI.
        ModuleFinder libraries = descriptor().isAutomatic() ? ModuleFinder.of() : ModuleFinder.of(beside);
        Configuration modules = host.configuration().resolve(ModuleFinder.of(path), libraries, Set.of(moduleName()));
        return host.defineModulesWithOneLoader(modules, PluginJar.class.getClassLoader());
    }

    /** Why it cannot be used, in words. */
    String reason(Throwable failure) {
        String cause = failure.getCause() == null ? "" : ": " + failure.getCause().getMessage();
        return switch (failure) {
            case FindException e -> "it is no jar of a module: " + e.getMessage() + cause;
            case ResolutionException e -> "it does not fit this host: " + e.getMessage() + cause
                    + "; put what it requires beside it, in a folder of its own";
            default -> failure + cause;
        };
    }

    private ModuleDescriptor descriptor() {
        return ModuleFinder.of(path).findAll().stream().map(ModuleReference::descriptor).findFirst()
                .orElseThrow(() -> new FindException(path + " has no module"));
    }
}
