package io.moe4j.tests.architecture;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import io.moe4j.api.Stability;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The rules. Each can be applied to any set of classes: to all built modules, or to a package with a planted violation. */
final class Rules {

    private Rules() {}

    /**
     * A module uses only the modules that the design allows.
     *
     * @param allowed for each module, the modules that it may use
     */
    static Rule modulesKnowOnly(Map<String, Set<String>> allowed) {
        return Rule.perClass("a module knows only the modules that the design allows it", type -> true, type -> {
            Optional<String> home = House.moduleOf(type, allowed.keySet());
            if (home.isEmpty()) {
                return Stream.of(type.getName() + " is in no known module; add its module to the table of the design");
            }
            return type.getDirectDependenciesFromSelf().stream()
                    .filter(dependency -> House.moduleOf(dependency.getTargetClass().getBaseComponentType(),
                            allowed.keySet())
                            .filter(target -> !target.equals(home.get()) && !allowed.get(home.get()).contains(target))
                            .isPresent())
                    .map(Dependency::getDescription);
        });
    }

    /** Types of these packages are used only in the given modules. */
    static Rule typesStayIn(String name, Set<String> packages, Set<String> homes) {
        return Rule.perClass(name, type -> House.moduleOf(type, homes).isEmpty(), type -> type
                .getDirectDependenciesFromSelf().stream()
                .filter(dependency -> isIn(dependency.getTargetClass(), packages))
                .map(Dependency::getDescription));
    }

    /** Types of these packages do not occur in the public and protected members of exported types. */
    static Rule typesAreNotExported(String name, Set<String> packages, Predicate<String> exported) {
        return Rule.perClass(name, type -> exported.test(type.getPackageName()), type -> type.getMembers().stream()
                .filter(member -> isVisible(member) && isVisible(member.getOwner()))
                .filter(member -> member.getAllInvolvedRawTypes().stream().anyMatch(raw -> isIn(raw, packages)))
                .map(member -> member.getFullName() + " shows a type of " + packages));
    }

    /** No static field can change, and none holds an object that can. */
    static Rule noStaticMutableState() {
        return Rule.perClass("no static mutable state", type -> true, type -> type.getFields().stream()
                .filter(field -> field.getModifiers().contains(JavaModifier.STATIC) && !isSynthetic(field))
                .filter(field -> !field.getModifiers().contains(JavaModifier.FINAL) || MutableTypes.holds(field))
                .map(field -> field.getFullName() + " of type " + field.getRawType().getName()
                        + " is static and can change; make it part of an object that is opened and closed"));
    }

    /** Nothing is bound to a thread, where the caller cannot see it. */
    static Rule noThreadLocals() {
        return Rule.perClass("no thread-locals", type -> true, type -> type.getDirectDependenciesFromSelf().stream()
                .filter(dependency -> dependency.getTargetClass().isAssignableTo(ThreadLocal.class)
                        || dependency.getTargetClass().getName().equals("java.util.concurrent.ThreadLocalRandom"))
                .map(Dependency::getDescription));
    }

    /** Only the command line prints; everything else logs. */
    static Rule onlyTheCommandLinePrints(String commandLine) {
        Predicate<JavaAccess<?>> prints = access -> switch (access.getTargetOwner().getName()) {
            case "java.lang.System" -> Set.of("out", "err", "console").contains(access.getTarget().getName());
            case "java.lang.IO" -> true;
            default -> access.getTarget().getName().equals("printStackTrace")
                    && access.getTargetOwner().isAssignableTo(Throwable.class)
                    && access.getTarget().getFullName().endsWith("printStackTrace()");
        };
        return Rule.perClass("nothing prints but the command line",
                type -> House.moduleOf(type, Set.of(commandLine)).isEmpty(),
                type -> type.getAccessesFromSelf().stream().filter(prints).map(JavaAccess::getDescription));
    }

    /** Every exported type has a stability label. */
    static Rule exportedTypesAreLabelled(Predicate<String> exported) {
        return Rule.perClass("every exported type has a stability label",
                type -> type.isTopLevelClass() && exported.test(type.getPackageName()),
                type -> Stream.of(type)
                        .filter(each -> each.getModifiers().contains(JavaModifier.PUBLIC))
                        .filter(each -> !each.isAnnotatedWith(Stability.class))
                        .map(each -> each.getName() + " is exported and has no @Stability"));
    }

    private static boolean isIn(JavaClass type, Set<String> packages) {
        return House.moduleOf(type.getBaseComponentType(), packages).isPresent();
    }

    private static boolean isVisible(JavaMember member) {
        return isVisible(member.getModifiers());
    }

    private static boolean isVisible(JavaClass type) {
        return isVisible(type.getModifiers());
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    private static boolean isSynthetic(JavaField field) {
        return field.getModifiers().contains(JavaModifier.SYNTHETIC);
    }
}
