package io.moe4j.tests.architecture;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.domain.JavaConstructor;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Text must be written and read in the same way on every machine. With the locale of Egypt, for example, {@code String.format("step-%09d", 7)} gives Arabic
 * digits: a folder of that name is not found again on another machine.
 *
 * <p>A call breaks the rule if it takes no locale, and the JDK has the same method or constructor with a locale besides: {@code toLowerCase()} for
 * {@code toLowerCase(Locale)}. So methods of later JDKs are covered without being listed. {@link #WITHOUT_A_CHOICE} lists those that read the
 * machine's locale and have no such counterpart.
 */
final class LocaleRule {
    private static final String CONSTRUCTOR = JavaConstructor.CONSTRUCTOR_NAME;

    private static final Map<String, Set<String>> WITHOUT_A_CHOICE = Map.of(
            "java.lang.String", Set.of("formatted"),
            "java.util.Locale", Set.of("getDefault", "setDefault"),
            "java.util.Scanner", Set.of(CONSTRUCTOR),
            "java.text.DecimalFormat", Set.of(CONSTRUCTOR),
            "java.time.format.DateTimeFormatter",
            Set.of("ofLocalizedDate", "ofLocalizedTime", "ofLocalizedDateTime", "ofLocalizedPattern"));

    private LocaleRule() {}

    static Rule everyTextNamesItsLocale() {
        return Rule.perClass("every text that is formatted names its locale", type -> true,
                type -> type.getAccessesFromSelf().stream()
                        .filter(access -> access instanceof JavaCodeUnitAccess<?> call && readsTheMachinesLocale(call))
                        .map(JavaAccess::getDescription)
                        .map(text -> text + ": its result depends on the machine's language; pass Locale.ROOT, as in "
                                + "String.format(Locale.ROOT, \"%d\", 7)"));
    }

    private static boolean readsTheMachinesLocale(JavaCodeUnitAccess<?> call) {
        CodeUnitAccessTarget target = call.getTarget();
        JavaClass owner = target.getOwner();
        if (!owner.getPackageName().startsWith("java.")) {
            return false;
        }
        if (WITHOUT_A_CHOICE.getOrDefault(owner.getName(), Set.of()).contains(target.getName())) {
            return true;
        }
        List<String> given = target.getRawParameterTypes().stream().map(JavaClass::getName).toList();
        return !given.contains(Locale.class.getName())
                && overloads(owner.reflect(), target.getName()).anyMatch(other -> isTwinWithLocale(other, given));
    }

    private static Stream<? extends Executable> overloads(Class<?> owner, String name) {
        return name.equals(CONSTRUCTOR) ? Arrays.stream(owner.getConstructors()).map(Constructor.class::cast)
                : Arrays.stream(owner.getMethods()).filter(method -> method.getName().equals(name))
                        .map(Method.class::cast);
    }

    private static boolean isTwinWithLocale(Executable other, List<String> given) {
        List<String> types = Arrays.stream(other.getParameterTypes()).map(Class::getName).toList();
        return types.contains(Locale.class.getName())
                && types.stream().filter(type -> !type.equals(Locale.class.getName())).toList().equals(given);
    }
}
