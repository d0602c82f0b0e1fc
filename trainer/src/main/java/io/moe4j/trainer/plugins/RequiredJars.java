package io.moe4j.trainer.plugins;

import java.io.IOException;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds, in the folder of a jar, the other jars whose modules it requires, and those that they require. */
final class RequiredJars {

    private RequiredJars() {}

    /** Those that {@code jar} requires; none if it is no module, or cannot be read. */
    static List<Path> beside(Path jar) {
        Optional<ModuleDescriptor> module = descriptor(jar);
        if (module.isEmpty() || module.get().isAutomatic() || requires(module.get()).isEmpty()) {
            return List.of();
        }
        Map<String, Path> jars = new HashMap<>();
        Map<String, ModuleDescriptor> descriptors = new HashMap<>();
        for (Path other : others(jar)) {
            descriptor(other).ifPresent(found -> {
                if (jars.putIfAbsent(found.name(), other) == null) {
                    descriptors.put(found.name(), found);
                }
            });
        }
        List<Path> required = new ArrayList<>();
        Deque<String> open = new ArrayDeque<>(requires(module.get()));
        while (!open.isEmpty()) {
            String name = open.pop();
            Path found = jars.remove(name);
            if (found != null) {
                required.add(found);
                Optional.ofNullable(descriptors.get(name)).ifPresent(each -> open.addAll(requires(each)));
            }
        }
        return required;
    }

    private static List<String> requires(ModuleDescriptor module) {
        return module.requires().stream().filter(each -> !each.modifiers().contains(Requires.Modifier.STATIC))
                .map(Requires::name).filter(name -> !isOfThisProcess(name)).toList();
    }

    /** A module of Java or of the host is taken from there, whatever lies beside a plug-in. */
    private static boolean isOfThisProcess(String name) {
        ModuleLayer host = RequiredJars.class.getModule().getLayer();
        return ModuleLayer.boot().findModule(name).isPresent()
                || (host != null && host.findModule(name).isPresent());
    }

    private static List<Path> others(Path jar) {
        Path folder = jar.getParent();
        if (folder == null) {
            return List.of();
        }
        try {
            return PluginPath.jarsIn(folder).stream().filter(file -> !file.equals(jar)).toList();
        } catch (IOException e) {
            // What the jar requires is then missing, and its name is told.
            return List.of();
        }
    }

    private static Optional<ModuleDescriptor> descriptor(Path jar) {
        try {
            return ModuleFinder.of(jar).findAll().stream().map(ModuleReference::descriptor).findFirst();
        } catch (FindException e) {
            // What is wrong with it is told where it is loaded itself.
            return Optional.empty();
        }
    }
}
