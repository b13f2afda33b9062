@{
    # Three rules that look at one script block at a time, and do not see what another reads.
    ExcludeRules = @(
        'PSReviewUnusedParameter'
        'PSUseDeclaredVarsMoreThanAssignments'
        'PSUseUsingScopeModifierInNewRunspaces'
    )
}
