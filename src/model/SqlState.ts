// Generated from the server's errcodes.txt by test/tools/generateTables.ts; do not edit.
/**
 * SQLSTATE codes as PostgreSQL names them.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

// Class 00 - Successful Completion
/** `successful_completion`, class 00. */
export const successfulCompletion = "00000"

// Class 01 - Warning
/** `warning`, class 01. */
export const warning = "01000"
/** `warning_dynamic_result_sets_returned`, class 01. */
export const warningDynamicResultSetsReturned = "0100C"
/** `warning_implicit_zero_bit_padding`, class 01. */
export const warningImplicitZeroBitPadding = "01008"
/** `warning_null_value_eliminated_in_set_function`, class 01. */
export const warningNullValueEliminatedInSetFunction = "01003"
/** `warning_privilege_not_granted`, class 01. */
export const warningPrivilegeNotGranted = "01007"
/** `warning_privilege_not_revoked`, class 01. */
export const warningPrivilegeNotRevoked = "01006"
/** `warning_string_data_right_truncation`, class 01. */
export const warningStringDataRightTruncation = "01004"
/** `warning_deprecated_feature`, class 01. */
export const warningDeprecatedFeature = "01P01"

// Class 02 - No Data (this is also a warning class per the SQL standard)
/** `no_data`, class 02. */
export const noData = "02000"
/** `no_additional_dynamic_result_sets_returned`, class 02. */
export const noAdditionalDynamicResultSetsReturned = "02001"

// Class 03 - SQL Statement Not Yet Complete
/** `sql_statement_not_yet_complete`, class 03. */
export const sqlStatementNotYetComplete = "03000"

// Class 08 - Connection Exception
/** `connection_exception`, class 08. */
export const connectionException = "08000"
/** `connection_does_not_exist`, class 08. */
export const connectionDoesNotExist = "08003"
/** `connection_failure`, class 08. */
export const connectionFailure = "08006"
/** `sqlclient_unable_to_establish_sqlconnection`, class 08. */
export const sqlclientUnableToEstablishSqlconnection = "08001"
/** `sqlserver_rejected_establishment_of_sqlconnection`, class 08. */
export const sqlserverRejectedEstablishmentOfSqlconnection = "08004"
/** `transaction_resolution_unknown`, class 08. */
export const transactionResolutionUnknown = "08007"
/** `protocol_violation`, class 08. */
export const protocolViolation = "08P01"

// Class 09 - Triggered Action Exception
/** `triggered_action_exception`, class 09. */
export const triggeredActionException = "09000"

// Class 0A - Feature Not Supported
/** `feature_not_supported`, class 0A. */
export const featureNotSupported = "0A000"

// Class 0B - Invalid Transaction Initiation
/** `invalid_transaction_initiation`, class 0B. */
export const invalidTransactionInitiation = "0B000"

// Class 0F - Locator Exception
/** `locator_exception`, class 0F. */
export const locatorException = "0F000"
/** `l_e_invalid_specification`, class 0F. */
export const lEInvalidSpecification = "0F001"

// Class 0L - Invalid Grantor
/** `invalid_grantor`, class 0L. */
export const invalidGrantor = "0L000"
/** `invalid_grant_operation`, class 0L. */
export const invalidGrantOperation = "0LP01"

// Class 0P - Invalid Role Specification
/** `invalid_role_specification`, class 0P. */
export const invalidRoleSpecification = "0P000"

// Class 0Z - Diagnostics Exception
/** `diagnostics_exception`, class 0Z. */
export const diagnosticsException = "0Z000"
/** `stacked_diagnostics_accessed_without_active_handler`, class 0Z. */
export const stackedDiagnosticsAccessedWithoutActiveHandler = "0Z002"

// Class 10 - XQuery Error
/** `invalid_argument_for_xquery`, class 10. */
export const invalidArgumentForXquery = "10608"

// Class 20 - Case Not Found
/** `case_not_found`, class 20. */
export const caseNotFound = "20000"

// Class 21 - Cardinality Violation
/** `cardinality_violation`, class 21. */
export const cardinalityViolation = "21000"

// Class 22 - Data Exception
/** `data_exception`, class 22. */
export const dataException = "22000"
/** `array_element_error`, class 22. */
export const arrayElementError = "2202E"
/** `array_subscript_error`, class 22. */
export const arraySubscriptError = "2202E"
/** `character_not_in_repertoire`, class 22. */
export const characterNotInRepertoire = "22021"
/** `datetime_field_overflow`, class 22. */
export const datetimeFieldOverflow = "22008"
/** `datetime_value_out_of_range`, class 22. */
export const datetimeValueOutOfRange = "22008"
/** `division_by_zero`, class 22. */
export const divisionByZero = "22012"
/** `error_in_assignment`, class 22. */
export const errorInAssignment = "22005"
/** `escape_character_conflict`, class 22. */
export const escapeCharacterConflict = "2200B"
/** `indicator_overflow`, class 22. */
export const indicatorOverflow = "22022"
/** `interval_field_overflow`, class 22. */
export const intervalFieldOverflow = "22015"
/** `invalid_argument_for_log`, class 22. */
export const invalidArgumentForLog = "2201E"
/** `invalid_argument_for_ntile`, class 22. */
export const invalidArgumentForNtile = "22014"
/** `invalid_argument_for_nth_value`, class 22. */
export const invalidArgumentForNthValue = "22016"
/** `invalid_argument_for_power_function`, class 22. */
export const invalidArgumentForPowerFunction = "2201F"
/** `invalid_argument_for_width_bucket_function`, class 22. */
export const invalidArgumentForWidthBucketFunction = "2201G"
/** `invalid_character_value_for_cast`, class 22. */
export const invalidCharacterValueForCast = "22018"
/** `invalid_datetime_format`, class 22. */
export const invalidDatetimeFormat = "22007"
/** `invalid_escape_character`, class 22. */
export const invalidEscapeCharacter = "22019"
/** `invalid_escape_octet`, class 22. */
export const invalidEscapeOctet = "2200D"
/** `invalid_escape_sequence`, class 22. */
export const invalidEscapeSequence = "22025"
/** `nonstandard_use_of_escape_character`, class 22. */
export const nonstandardUseOfEscapeCharacter = "22P06"
/** `invalid_indicator_parameter_value`, class 22. */
export const invalidIndicatorParameterValue = "22010"
/** `invalid_parameter_value`, class 22. */
export const invalidParameterValue = "22023"
/** `invalid_preceding_or_following_size`, class 22. */
export const invalidPrecedingOrFollowingSize = "22013"
/** `invalid_regular_expression`, class 22. */
export const invalidRegularExpression = "2201B"
/** `invalid_row_count_in_limit_clause`, class 22. */
export const invalidRowCountInLimitClause = "2201W"
/** `invalid_row_count_in_result_offset_clause`, class 22. */
export const invalidRowCountInResultOffsetClause = "2201X"
/** `invalid_tablesample_argument`, class 22. */
export const invalidTablesampleArgument = "2202H"
/** `invalid_tablesample_repeat`, class 22. */
export const invalidTablesampleRepeat = "2202G"
/** `invalid_time_zone_displacement_value`, class 22. */
export const invalidTimeZoneDisplacementValue = "22009"
/** `invalid_use_of_escape_character`, class 22. */
export const invalidUseOfEscapeCharacter = "2200C"
/** `most_specific_type_mismatch`, class 22. */
export const mostSpecificTypeMismatch = "2200G"
/** `null_value_not_allowed`, class 22. */
export const nullValueNotAllowed = "22004"
/** `null_value_no_indicator_parameter`, class 22. */
export const nullValueNoIndicatorParameter = "22002"
/** `numeric_value_out_of_range`, class 22. */
export const numericValueOutOfRange = "22003"
/** `sequence_generator_limit_exceeded`, class 22. */
export const sequenceGeneratorLimitExceeded = "2200H"
/** `string_data_length_mismatch`, class 22. */
export const stringDataLengthMismatch = "22026"
/** `string_data_right_truncation`, class 22. */
export const stringDataRightTruncation = "22001"
/** `substring_error`, class 22. */
export const substringError = "22011"
/** `trim_error`, class 22. */
export const trimError = "22027"
/** `unterminated_c_string`, class 22. */
export const unterminatedCString = "22024"
/** `zero_length_character_string`, class 22. */
export const zeroLengthCharacterString = "2200F"
/** `floating_point_exception`, class 22. */
export const floatingPointException = "22P01"
/** `invalid_text_representation`, class 22. */
export const invalidTextRepresentation = "22P02"
/** `invalid_binary_representation`, class 22. */
export const invalidBinaryRepresentation = "22P03"
/** `bad_copy_file_format`, class 22. */
export const badCopyFileFormat = "22P04"
/** `untranslatable_character`, class 22. */
export const untranslatableCharacter = "22P05"
/** `not_an_xml_document`, class 22. */
export const notAnXmlDocument = "2200L"
/** `invalid_xml_document`, class 22. */
export const invalidXmlDocument = "2200M"
/** `invalid_xml_content`, class 22. */
export const invalidXmlContent = "2200N"
/** `invalid_xml_comment`, class 22. */
export const invalidXmlComment = "2200S"
/** `invalid_xml_processing_instruction`, class 22. */
export const invalidXmlProcessingInstruction = "2200T"
/** `duplicate_json_object_key_value`, class 22. */
export const duplicateJsonObjectKeyValue = "22030"
/** `invalid_argument_for_sql_json_datetime_function`, class 22. */
export const invalidArgumentForSqlJsonDatetimeFunction = "22031"
/** `invalid_json_text`, class 22. */
export const invalidJsonText = "22032"
/** `invalid_sql_json_subscript`, class 22. */
export const invalidSqlJsonSubscript = "22033"
/** `more_than_one_sql_json_item`, class 22. */
export const moreThanOneSqlJsonItem = "22034"
/** `no_sql_json_item`, class 22. */
export const noSqlJsonItem = "22035"
/** `non_numeric_sql_json_item`, class 22. */
export const nonNumericSqlJsonItem = "22036"
/** `non_unique_keys_in_a_json_object`, class 22. */
export const nonUniqueKeysInAJsonObject = "22037"
/** `singleton_sql_json_item_required`, class 22. */
export const singletonSqlJsonItemRequired = "22038"
/** `sql_json_array_not_found`, class 22. */
export const sqlJsonArrayNotFound = "22039"
/** `sql_json_member_not_found`, class 22. */
export const sqlJsonMemberNotFound = "2203A"
/** `sql_json_number_not_found`, class 22. */
export const sqlJsonNumberNotFound = "2203B"
/** `sql_json_object_not_found`, class 22. */
export const sqlJsonObjectNotFound = "2203C"
/** `too_many_json_array_elements`, class 22. */
export const tooManyJsonArrayElements = "2203D"
/** `too_many_json_object_members`, class 22. */
export const tooManyJsonObjectMembers = "2203E"
/** `sql_json_scalar_required`, class 22. */
export const sqlJsonScalarRequired = "2203F"
/** `sql_json_item_cannot_be_cast_to_target_type`, class 22. */
export const sqlJsonItemCannotBeCastToTargetType = "2203G"

// Class 23 - Integrity Constraint Violation
/** `integrity_constraint_violation`, class 23. */
export const integrityConstraintViolation = "23000"
/** `restrict_violation`, class 23. */
export const restrictViolation = "23001"
/** `not_null_violation`, class 23. */
export const notNullViolation = "23502"
/** `foreign_key_violation`, class 23. */
export const foreignKeyViolation = "23503"
/** `unique_violation`, class 23. */
export const uniqueViolation = "23505"
/** `check_violation`, class 23. */
export const checkViolation = "23514"
/** `exclusion_violation`, class 23. */
export const exclusionViolation = "23P01"

// Class 24 - Invalid Cursor State
/** `invalid_cursor_state`, class 24. */
export const invalidCursorState = "24000"

// Class 25 - Invalid Transaction State
/** `invalid_transaction_state`, class 25. */
export const invalidTransactionState = "25000"
/** `active_sql_transaction`, class 25. */
export const activeSqlTransaction = "25001"
/** `branch_transaction_already_active`, class 25. */
export const branchTransactionAlreadyActive = "25002"
/** `held_cursor_requires_same_isolation_level`, class 25. */
export const heldCursorRequiresSameIsolationLevel = "25008"
/** `inappropriate_access_mode_for_branch_transaction`, class 25. */
export const inappropriateAccessModeForBranchTransaction = "25003"
/** `inappropriate_isolation_level_for_branch_transaction`, class 25. */
export const inappropriateIsolationLevelForBranchTransaction = "25004"
/** `no_active_sql_transaction_for_branch_transaction`, class 25. */
export const noActiveSqlTransactionForBranchTransaction = "25005"
/** `read_only_sql_transaction`, class 25. */
export const readOnlySqlTransaction = "25006"
/** `schema_and_data_statement_mixing_not_supported`, class 25. */
export const schemaAndDataStatementMixingNotSupported = "25007"
/** `no_active_sql_transaction`, class 25. */
export const noActiveSqlTransaction = "25P01"
/** `in_failed_sql_transaction`, class 25. */
export const inFailedSqlTransaction = "25P02"
/** `idle_in_transaction_session_timeout`, class 25. */
export const idleInTransactionSessionTimeout = "25P03"
/** `transaction_timeout`, class 25. */
export const transactionTimeout = "25P04"

// Class 26 - Invalid SQL Statement Name
/** `invalid_sql_statement_name`, class 26. */
export const invalidSqlStatementName = "26000"

// Class 27 - Triggered Data Change Violation
/** `triggered_data_change_violation`, class 27. */
export const triggeredDataChangeViolation = "27000"

// Class 28 - Invalid Authorization Specification
/** `invalid_authorization_specification`, class 28. */
export const invalidAuthorizationSpecification = "28000"
/** `invalid_password`, class 28. */
export const invalidPassword = "28P01"

// Class 2B - Dependent Privilege Descriptors Still Exist
/** `dependent_privilege_descriptors_still_exist`, class 2B. */
export const dependentPrivilegeDescriptorsStillExist = "2B000"
/** `dependent_objects_still_exist`, class 2B. */
export const dependentObjectsStillExist = "2BP01"

// Class 2D - Invalid Transaction Termination
/** `invalid_transaction_termination`, class 2D. */
export const invalidTransactionTermination = "2D000"

// Class 2F - SQL Routine Exception
/** `sql_routine_exception`, class 2F. */
export const sqlRoutineException = "2F000"
/** `s_r_e_function_executed_no_return_statement`, class 2F. */
export const sREFunctionExecutedNoReturnStatement = "2F005"
/** `s_r_e_modifying_sql_data_not_permitted`, class 2F. */
export const sREModifyingSqlDataNotPermitted = "2F002"
/** `s_r_e_prohibited_sql_statement_attempted`, class 2F. */
export const sREProhibitedSqlStatementAttempted = "2F003"
/** `s_r_e_reading_sql_data_not_permitted`, class 2F. */
export const sREReadingSqlDataNotPermitted = "2F004"

// Class 34 - Invalid Cursor Name
/** `invalid_cursor_name`, class 34. */
export const invalidCursorName = "34000"

// Class 38 - External Routine Exception
/** `external_routine_exception`, class 38. */
export const externalRoutineException = "38000"
/** `e_r_e_containing_sql_not_permitted`, class 38. */
export const eREContainingSqlNotPermitted = "38001"
/** `e_r_e_modifying_sql_data_not_permitted`, class 38. */
export const eREModifyingSqlDataNotPermitted = "38002"
/** `e_r_e_prohibited_sql_statement_attempted`, class 38. */
export const eREProhibitedSqlStatementAttempted = "38003"
/** `e_r_e_reading_sql_data_not_permitted`, class 38. */
export const eREReadingSqlDataNotPermitted = "38004"

// Class 39 - External Routine Invocation Exception
/** `external_routine_invocation_exception`, class 39. */
export const externalRoutineInvocationException = "39000"
/** `e_r_i_e_invalid_sqlstate_returned`, class 39. */
export const eRIEInvalidSqlstateReturned = "39001"
/** `e_r_i_e_null_value_not_allowed`, class 39. */
export const eRIENullValueNotAllowed = "39004"
/** `e_r_i_e_trigger_protocol_violated`, class 39. */
export const eRIETriggerProtocolViolated = "39P01"
/** `e_r_i_e_srf_protocol_violated`, class 39. */
export const eRIESrfProtocolViolated = "39P02"
/** `e_r_i_e_event_trigger_protocol_violated`, class 39. */
export const eRIEEventTriggerProtocolViolated = "39P03"

// Class 3B - Savepoint Exception
/** `savepoint_exception`, class 3B. */
export const savepointException = "3B000"
/** `s_e_invalid_specification`, class 3B. */
export const sEInvalidSpecification = "3B001"

// Class 3D - Invalid Catalog Name
/** `invalid_catalog_name`, class 3D. */
export const invalidCatalogName = "3D000"

// Class 3F - Invalid Schema Name
/** `invalid_schema_name`, class 3F. */
export const invalidSchemaName = "3F000"

// Class 40 - Transaction Rollback
/** `transaction_rollback`, class 40. */
export const transactionRollback = "40000"
/** `integrity_constraint_violation`, class 40. */
export const integrityConstraintViolation40002 = "40002"
/** `serialization_failure`, class 40. */
export const serializationFailure = "40001"
/** `statement_completion_unknown`, class 40. */
export const statementCompletionUnknown = "40003"
/** `deadlock_detected`, class 40. */
export const deadlockDetected = "40P01"

// Class 42 - Syntax Error or Access Rule Violation
/** `syntax_error_or_access_rule_violation`, class 42. */
export const syntaxErrorOrAccessRuleViolation = "42000"
/** `syntax_error`, class 42. */
export const syntaxError = "42601"
/** `insufficient_privilege`, class 42. */
export const insufficientPrivilege = "42501"
/** `cannot_coerce`, class 42. */
export const cannotCoerce = "42846"
/** `grouping_error`, class 42. */
export const groupingError = "42803"
/** `windowing_error`, class 42. */
export const windowingError = "42P20"
/** `invalid_recursion`, class 42. */
export const invalidRecursion = "42P19"
/** `invalid_foreign_key`, class 42. */
export const invalidForeignKey = "42830"
/** `invalid_name`, class 42. */
export const invalidName = "42602"
/** `name_too_long`, class 42. */
export const nameTooLong = "42622"
/** `reserved_name`, class 42. */
export const reservedName = "42939"
/** `datatype_mismatch`, class 42. */
export const datatypeMismatch = "42804"
/** `indeterminate_datatype`, class 42. */
export const indeterminateDatatype = "42P18"
/** `collation_mismatch`, class 42. */
export const collationMismatch = "42P21"
/** `indeterminate_collation`, class 42. */
export const indeterminateCollation = "42P22"
/** `wrong_object_type`, class 42. */
export const wrongObjectType = "42809"
/** `generated_always`, class 42. */
export const generatedAlways = "428C9"
/** `undefined_column`, class 42. */
export const undefinedColumn = "42703"
/** `undefined_cursor`, class 34. */
export const undefinedCursor = "34000"
/** `undefined_database`, class 3D. */
export const undefinedDatabase = "3D000"
/** `undefined_function`, class 42. */
export const undefinedFunction = "42883"
/** `undefined_pstatement`, class 26. */
export const undefinedPstatement = "26000"
/** `undefined_schema`, class 3F. */
export const undefinedSchema = "3F000"
/** `undefined_table`, class 42. */
export const undefinedTable = "42P01"
/** `undefined_parameter`, class 42. */
export const undefinedParameter = "42P02"
/** `undefined_object`, class 42. */
export const undefinedObject = "42704"
/** `duplicate_column`, class 42. */
export const duplicateColumn = "42701"
/** `duplicate_cursor`, class 42. */
export const duplicateCursor = "42P03"
/** `duplicate_database`, class 42. */
export const duplicateDatabase = "42P04"
/** `duplicate_function`, class 42. */
export const duplicateFunction = "42723"
/** `duplicate_pstatement`, class 42. */
export const duplicatePstatement = "42P05"
/** `duplicate_schema`, class 42. */
export const duplicateSchema = "42P06"
/** `duplicate_table`, class 42. */
export const duplicateTable = "42P07"
/** `duplicate_alias`, class 42. */
export const duplicateAlias = "42712"
/** `duplicate_object`, class 42. */
export const duplicateObject = "42710"
/** `ambiguous_column`, class 42. */
export const ambiguousColumn = "42702"
/** `ambiguous_function`, class 42. */
export const ambiguousFunction = "42725"
/** `ambiguous_parameter`, class 42. */
export const ambiguousParameter = "42P08"
/** `ambiguous_alias`, class 42. */
export const ambiguousAlias = "42P09"
/** `invalid_column_reference`, class 42. */
export const invalidColumnReference = "42P10"
/** `invalid_column_definition`, class 42. */
export const invalidColumnDefinition = "42611"
/** `invalid_cursor_definition`, class 42. */
export const invalidCursorDefinition = "42P11"
/** `invalid_database_definition`, class 42. */
export const invalidDatabaseDefinition = "42P12"
/** `invalid_function_definition`, class 42. */
export const invalidFunctionDefinition = "42P13"
/** `invalid_pstatement_definition`, class 42. */
export const invalidPstatementDefinition = "42P14"
/** `invalid_schema_definition`, class 42. */
export const invalidSchemaDefinition = "42P15"
/** `invalid_table_definition`, class 42. */
export const invalidTableDefinition = "42P16"
/** `invalid_object_definition`, class 42. */
export const invalidObjectDefinition = "42P17"

// Class 44 - WITH CHECK OPTION Violation
/** `with_check_option_violation`, class 44. */
export const withCheckOptionViolation = "44000"

// Class 53 - Insufficient Resources
/** `insufficient_resources`, class 53. */
export const insufficientResources = "53000"
/** `disk_full`, class 53. */
export const diskFull = "53100"
/** `out_of_memory`, class 53. */
export const outOfMemory = "53200"
/** `too_many_connections`, class 53. */
export const tooManyConnections = "53300"
/** `configuration_limit_exceeded`, class 53. */
export const configurationLimitExceeded = "53400"

// Class 54 - Program Limit Exceeded
/** `program_limit_exceeded`, class 54. */
export const programLimitExceeded = "54000"
/** `statement_too_complex`, class 54. */
export const statementTooComplex = "54001"
/** `too_many_columns`, class 54. */
export const tooManyColumns = "54011"
/** `too_many_arguments`, class 54. */
export const tooManyArguments = "54023"

// Class 55 - Object Not In Prerequisite State
/** `object_not_in_prerequisite_state`, class 55. */
export const objectNotInPrerequisiteState = "55000"
/** `object_in_use`, class 55. */
export const objectInUse = "55006"
/** `cant_change_runtime_param`, class 55. */
export const cantChangeRuntimeParam = "55P02"
/** `lock_not_available`, class 55. */
export const lockNotAvailable = "55P03"
/** `unsafe_new_enum_value_usage`, class 55. */
export const unsafeNewEnumValueUsage = "55P04"

// Class 57 - Operator Intervention
/** `operator_intervention`, class 57. */
export const operatorIntervention = "57000"
/** `query_canceled`, class 57. */
export const queryCanceled = "57014"
/** `admin_shutdown`, class 57. */
export const adminShutdown = "57P01"
/** `crash_shutdown`, class 57. */
export const crashShutdown = "57P02"
/** `cannot_connect_now`, class 57. */
export const cannotConnectNow = "57P03"
/** `database_dropped`, class 57. */
export const databaseDropped = "57P04"
/** `idle_session_timeout`, class 57. */
export const idleSessionTimeout = "57P05"

// Class 58 - System Error (errors external to PostgreSQL itself)
/** `system_error`, class 58. */
export const systemError = "58000"
/** `io_error`, class 58. */
export const ioError = "58030"
/** `undefined_file`, class 58. */
export const undefinedFile = "58P01"
/** `duplicate_file`, class 58. */
export const duplicateFile = "58P02"
/** `file_name_too_long`, class 58. */
export const fileNameTooLong = "58P03"

// Class F0 - Configuration File Error
/** `config_file_error`, class F0. */
export const configFileError = "F0000"
/** `lock_file_exists`, class F0. */
export const lockFileExists = "F0001"

// Class HV - Foreign Data Wrapper Error (SQL/MED)
/** `fdw_error`, class HV. */
export const fdwError = "HV000"
/** `fdw_column_name_not_found`, class HV. */
export const fdwColumnNameNotFound = "HV005"
/** `fdw_dynamic_parameter_value_needed`, class HV. */
export const fdwDynamicParameterValueNeeded = "HV002"
/** `fdw_function_sequence_error`, class HV. */
export const fdwFunctionSequenceError = "HV010"
/** `fdw_inconsistent_descriptor_information`, class HV. */
export const fdwInconsistentDescriptorInformation = "HV021"
/** `fdw_invalid_attribute_value`, class HV. */
export const fdwInvalidAttributeValue = "HV024"
/** `fdw_invalid_column_name`, class HV. */
export const fdwInvalidColumnName = "HV007"
/** `fdw_invalid_column_number`, class HV. */
export const fdwInvalidColumnNumber = "HV008"
/** `fdw_invalid_data_type`, class HV. */
export const fdwInvalidDataType = "HV004"
/** `fdw_invalid_data_type_descriptors`, class HV. */
export const fdwInvalidDataTypeDescriptors = "HV006"
/** `fdw_invalid_descriptor_field_identifier`, class HV. */
export const fdwInvalidDescriptorFieldIdentifier = "HV091"
/** `fdw_invalid_handle`, class HV. */
export const fdwInvalidHandle = "HV00B"
/** `fdw_invalid_option_index`, class HV. */
export const fdwInvalidOptionIndex = "HV00C"
/** `fdw_invalid_option_name`, class HV. */
export const fdwInvalidOptionName = "HV00D"
/** `fdw_invalid_string_length_or_buffer_length`, class HV. */
export const fdwInvalidStringLengthOrBufferLength = "HV090"
/** `fdw_invalid_string_format`, class HV. */
export const fdwInvalidStringFormat = "HV00A"
/** `fdw_invalid_use_of_null_pointer`, class HV. */
export const fdwInvalidUseOfNullPointer = "HV009"
/** `fdw_too_many_handles`, class HV. */
export const fdwTooManyHandles = "HV014"
/** `fdw_out_of_memory`, class HV. */
export const fdwOutOfMemory = "HV001"
/** `fdw_no_schemas`, class HV. */
export const fdwNoSchemas = "HV00P"
/** `fdw_option_name_not_found`, class HV. */
export const fdwOptionNameNotFound = "HV00J"
/** `fdw_reply_handle`, class HV. */
export const fdwReplyHandle = "HV00K"
/** `fdw_schema_not_found`, class HV. */
export const fdwSchemaNotFound = "HV00Q"
/** `fdw_table_not_found`, class HV. */
export const fdwTableNotFound = "HV00R"
/** `fdw_unable_to_create_execution`, class HV. */
export const fdwUnableToCreateExecution = "HV00L"
/** `fdw_unable_to_create_reply`, class HV. */
export const fdwUnableToCreateReply = "HV00M"
/** `fdw_unable_to_establish_connection`, class HV. */
export const fdwUnableToEstablishConnection = "HV00N"

// Class P0 - PL/pgSQL Error
/** `plpgsql_error`, class P0. */
export const plpgsqlError = "P0000"
/** `raise_exception`, class P0. */
export const raiseException = "P0001"
/** `no_data_found`, class P0. */
export const noDataFound = "P0002"
/** `too_many_rows`, class P0. */
export const tooManyRows = "P0003"
/** `assert_failure`, class P0. */
export const assertFailure = "P0004"

// Class XX - Internal Error
/** `internal_error`, class XX. */
export const internalError = "XX000"
/** `data_corrupted`, class XX. */
export const dataCorrupted = "XX001"
/** `index_corrupted`, class XX. */
export const indexCorrupted = "XX002"

/** A code of the list above. */
export type Known =
  | "00000"
  | "01000"
  | "01003"
  | "01004"
  | "01006"
  | "01007"
  | "01008"
  | "0100C"
  | "01P01"
  | "02000"
  | "02001"
  | "03000"
  | "08000"
  | "08001"
  | "08003"
  | "08004"
  | "08006"
  | "08007"
  | "08P01"
  | "09000"
  | "0A000"
  | "0B000"
  | "0F000"
  | "0F001"
  | "0L000"
  | "0LP01"
  | "0P000"
  | "0Z000"
  | "0Z002"
  | "10608"
  | "20000"
  | "21000"
  | "22000"
  | "22001"
  | "22002"
  | "22003"
  | "22004"
  | "22005"
  | "22007"
  | "22008"
  | "22009"
  | "2200B"
  | "2200C"
  | "2200D"
  | "2200F"
  | "2200G"
  | "2200H"
  | "2200L"
  | "2200M"
  | "2200N"
  | "2200S"
  | "2200T"
  | "22010"
  | "22011"
  | "22012"
  | "22013"
  | "22014"
  | "22015"
  | "22016"
  | "22018"
  | "22019"
  | "2201B"
  | "2201E"
  | "2201F"
  | "2201G"
  | "2201W"
  | "2201X"
  | "22021"
  | "22022"
  | "22023"
  | "22024"
  | "22025"
  | "22026"
  | "22027"
  | "2202E"
  | "2202G"
  | "2202H"
  | "22030"
  | "22031"
  | "22032"
  | "22033"
  | "22034"
  | "22035"
  | "22036"
  | "22037"
  | "22038"
  | "22039"
  | "2203A"
  | "2203B"
  | "2203C"
  | "2203D"
  | "2203E"
  | "2203F"
  | "2203G"
  | "22P01"
  | "22P02"
  | "22P03"
  | "22P04"
  | "22P05"
  | "22P06"
  | "23000"
  | "23001"
  | "23502"
  | "23503"
  | "23505"
  | "23514"
  | "23P01"
  | "24000"
  | "25000"
  | "25001"
  | "25002"
  | "25003"
  | "25004"
  | "25005"
  | "25006"
  | "25007"
  | "25008"
  | "25P01"
  | "25P02"
  | "25P03"
  | "25P04"
  | "26000"
  | "27000"
  | "28000"
  | "28P01"
  | "2B000"
  | "2BP01"
  | "2D000"
  | "2F000"
  | "2F002"
  | "2F003"
  | "2F004"
  | "2F005"
  | "34000"
  | "38000"
  | "38001"
  | "38002"
  | "38003"
  | "38004"
  | "39000"
  | "39001"
  | "39004"
  | "39P01"
  | "39P02"
  | "39P03"
  | "3B000"
  | "3B001"
  | "3D000"
  | "3F000"
  | "40000"
  | "40001"
  | "40002"
  | "40003"
  | "40P01"
  | "42000"
  | "42501"
  | "42601"
  | "42602"
  | "42611"
  | "42622"
  | "42701"
  | "42702"
  | "42703"
  | "42704"
  | "42710"
  | "42712"
  | "42723"
  | "42725"
  | "42803"
  | "42804"
  | "42809"
  | "42830"
  | "42846"
  | "42883"
  | "428C9"
  | "42939"
  | "42P01"
  | "42P02"
  | "42P03"
  | "42P04"
  | "42P05"
  | "42P06"
  | "42P07"
  | "42P08"
  | "42P09"
  | "42P10"
  | "42P11"
  | "42P12"
  | "42P13"
  | "42P14"
  | "42P15"
  | "42P16"
  | "42P17"
  | "42P18"
  | "42P19"
  | "42P20"
  | "42P21"
  | "42P22"
  | "44000"
  | "53000"
  | "53100"
  | "53200"
  | "53300"
  | "53400"
  | "54000"
  | "54001"
  | "54011"
  | "54023"
  | "55000"
  | "55006"
  | "55P02"
  | "55P03"
  | "55P04"
  | "57000"
  | "57014"
  | "57P01"
  | "57P02"
  | "57P03"
  | "57P04"
  | "57P05"
  | "58000"
  | "58030"
  | "58P01"
  | "58P02"
  | "58P03"
  | "F0000"
  | "F0001"
  | "HV000"
  | "HV001"
  | "HV002"
  | "HV004"
  | "HV005"
  | "HV006"
  | "HV007"
  | "HV008"
  | "HV009"
  | "HV00A"
  | "HV00B"
  | "HV00C"
  | "HV00D"
  | "HV00J"
  | "HV00K"
  | "HV00L"
  | "HV00M"
  | "HV00N"
  | "HV00P"
  | "HV00Q"
  | "HV00R"
  | "HV010"
  | "HV014"
  | "HV021"
  | "HV024"
  | "HV090"
  | "HV091"
  | "P0000"
  | "P0001"
  | "P0002"
  | "P0003"
  | "P0004"
  | "XX000"
  | "XX001"
  | "XX002"

/** Any SQLSTATE: the known ones are offered by the editor, extensions may raise others. */
export type SqlState = Known | (string & {})
