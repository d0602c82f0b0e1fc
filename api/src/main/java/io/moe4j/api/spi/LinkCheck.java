package io.moe4j.api.spi;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.FieldRefEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Checks that a plug-in links with the host before any of its code runs. The JVM links a call only when it is reached, which may be hours into a run, and
 * its error names no plug-in. This check reads all classes of the jar, and looks up every class, method and field of moe4j that they use, and every method
 * that they must implement.
 *
 * <p>Example: a plug-in calls {@code KernelArg.of(int)} and expects a {@code KernelArg}. In a host where that method returns {@code KernelArg.Int},
 * the JVM finds no method with the signature that was compiled into the plug-in.
 */
final class LinkCheck {
    private static final String HOST = "io/moe4j/";

    private final ClassLoader loader;

    private LinkCheck(ClassLoader loader) {
        this.loader = loader;
    }

    /** A sentence that names what a provider's jar needs but this host does not have; empty if the jar links, or if it cannot be read. */
    static Optional<String> missing(Class<?> provider, String jar) {
        ClassLoader loader = provider.getClassLoader();
        Path file = Path.of(jar);
        if (loader == null || provider.getName().startsWith("io.moe4j.") || !Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (JarFile opened = new JarFile(file.toFile())) {
            LinkCheck check = new LinkCheck(loader);
            List<JarEntry> classes = opened.stream().filter(entry -> isClass(entry.getName())).toList();
            for (JarEntry entry : classes) {
                Optional<String> found = check.of(ClassFile.of().parse(opened.getInputStream(entry).readAllBytes()));
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            // A jar that cannot be read here cannot be loaded either, and is reported then.
            return Optional.empty();
        }
    }

    private static boolean isClass(String name) {
        return name.endsWith(".class") && !name.startsWith("META-INF/") && !name.endsWith("-info.class");
    }

    private Optional<String> of(ClassModel type) {
        String name = type.thisClass().asInternalName().replace('/', '.');
        return StreamSupport.stream(type.constantPool().spliterator(), false).flatMap(entry -> missing(entry).stream())
                .findFirst().map(what -> name + " uses " + what + ", which this host does not have")
                .or(() -> unimplemented(name));
    }

    private Optional<String> missing(PoolEntry entry) {
        return switch (entry) {
            case ClassEntry type when isHosts(type.asInternalName()) -> load(type.asInternalName()).isPresent()
                    ? Optional.empty() : Optional.of("the class " + type.asInternalName().replace('/', '.'));
            case MemberRefEntry member when isHosts(member.owner().asInternalName()) -> load(
                    member.owner().asInternalName()).filter(owner -> !has(owner, member))
                    .map(owner -> words(member));
            default -> Optional.empty();
        };
    }

    private static boolean isHosts(String internalName) {
        return internalName.startsWith(HOST);
    }

    private Optional<Class<?>> load(String internalName) {
        try {
            return Optional.of(Class.forName(internalName.replace('/', '.'), false, loader));
        } catch (ClassNotFoundException | LinkageError e) {
            return Optional.empty();
        }
    }

    private static boolean has(Class<?> owner, MemberRefEntry member) {
        String name = member.name().stringValue();
        String type = member.type().stringValue();
        if (owner.isInterface() && declares(Object.class, name, type)) {
            return true;
        }
        return withSupertypes(owner).anyMatch(each -> member instanceof FieldRefEntry
                ? Stream.of(each.getDeclaredFields())
                        .anyMatch(field -> field.getName().equals(name)
                                && field.getType().descriptorString().equals(type))
                : declares(each, name, type));
    }

    private static boolean declares(Class<?> type, String name, String descriptor) {
        return name.equals("<init>")
                ? Stream.of(type.getDeclaredConstructors())
                        .anyMatch(each -> descriptor(each.getParameterTypes(), void.class).equals(descriptor))
                : Stream.of(type.getDeclaredMethods()).anyMatch(each -> each.getName().equals(name)
                        && descriptor(each.getParameterTypes(), each.getReturnType()).equals(descriptor));
    }

    private static String descriptor(Class<?>[] parameters, Class<?> result) {
        return java.lang.invoke.MethodType.methodType(result, parameters).descriptorString();
    }

    private static Stream<Class<?>> withSupertypes(Class<?> type) {
        Class<?> parent = type.getSuperclass();
        return Stream.concat(Stream.of(type), Stream.concat(parent == null ? Stream.empty() : withSupertypes(parent),
                Stream.of(type.getInterfaces()).flatMap(LinkCheck::withSupertypes)));
    }

    /** {@code method KernelArg of(int) of io.moe4j.api.device.KernelArg}. */
    private static String words(MemberRefEntry member) {
        String owner = member.owner().asInternalName().replace('/', '.');
        String name = member.name().stringValue();
        if (member instanceof FieldRefEntry) {
            return "the field " + owner + "." + name;
        }
        java.lang.constant.MethodTypeDesc type = java.lang.constant.MethodTypeDesc
                .ofDescriptor(member.type().stringValue());
        String parameters = String.join(", ", type.parameterList().stream().map(each -> each.displayName()).toList());
        return name.equals("<init>") ? "the constructor " + owner + "(" + parameters + ")"
                : "the method " + type.returnType().displayName() + " " + owner + "." + name + "(" + parameters + ")";
    }

    /** A method of moe4j that a class of the plug-in inherits but does not implement; empty if there is none. */
    private Optional<String> unimplemented(String name) {
        try {
            Class<?> type = Class.forName(name, false, loader);
            if (Modifier.isAbstract(type.getModifiers())) {
                return Optional.empty();
            }
            return Stream.of(type.getMethods()).filter(method -> Modifier.isAbstract(method.getModifiers()))
                    .filter(method -> method.getDeclaringClass().getName().startsWith("io.moe4j."))
                    .findFirst()
                    .map(method -> name + " does not implement " + method.getDeclaringClass().getName() + "."
                            + method.getName()
                            + "(" + String.join(", ",
                                    Stream.of(method.getParameterTypes()).map(Class::getSimpleName).toList())
                            + "), which this host calls");
        } catch (ClassNotFoundException | LinkageError e) {
            // Reported when the class is used, which may never happen.
            return Optional.empty();
        }
    }
}
