package io.moe4j.trainer.plugins;

import java.util.Set;
import java.util.stream.Collectors;

/** The module layers or class loaders in which plug-ins are searched. */
sealed interface PluginHost {

    /** The host with everything that this JVM was started with. */
    static PluginHost of(Class<?> type) {
        ModuleLayer layer = type.getModule().getLayer();
        return layer == null ? new OfClassPath(type.getClassLoader()) : new OfModules(layer);
    }

    /** A host with a jar of the plug-in path on top of this one. */
    PluginHost with(PluginJar jar);

    /** Names of the modules that the jar on top has added. */
    Set<String> moduleNames();

    /** How the host is searched, for the error message if nothing was found. */
    String searched();

    /** The host if moe4j is on the module path. */
    record OfModules(ModuleLayer layer) implements PluginHost {

        @Override
        public PluginHost with(PluginJar jar) {
            return new OfModules(jar.layer(layer));
        }

        @Override
        public Set<String> moduleNames() {
            return layer.modules().stream().map(Module::getName).collect(Collectors.toUnmodifiableSet());
        }

        @Override
        public String searched() {
            return "moe4j runs on the module path, where modules are found that provide it; a jar on the class path is not."
                    + " Put the jars with plug-ins on the module path too, and where a run-time image was made of them, give"
                    + " jlink --bind-services";
        }
    }

    /** The host if moe4j is on a class path, or in a class loader such as Spring Boot's. */
    record OfClassPath(ClassLoader classes) implements PluginHost {

        @Override
        public PluginHost with(PluginJar jar) {
            return new OfClassPath(new PluginClassLoader(jar, classes));
        }

        @Override
        public Set<String> moduleNames() {
            return classes instanceof PluginClassLoader plugIn ? Set.of(plugIn.jar().moduleName()) : Set.of();
        }

        @Override
        public String searched() {
            return "moe4j runs on the class path, where META-INF/services is read. Put the jars with plug-ins on it, such as"
                    + " moe4j-runtime-cpu; where jars are merged into one, their files in META-INF/services have to be merged"
                    + " too (ServicesResourceTransformer of maven-shade-plugin)";
        }
    }
}
